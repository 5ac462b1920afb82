import type { AuditLog, AuditRecord } from '../audit/auditLog';
import { rightsOf, type StoredToken } from '../security/token';
import type { Rights } from '../security/permissions';

/** Somebody who has proved to have a token. */
export interface Principal {
  readonly token: StoredToken;
  readonly rights: Rights;
  readonly address: string;
}

export function principalOf(token: StoredToken, address: string): Principal {
  return { token, rights: rightsOf(token), address };
}

export type AuditEvent = Omit<AuditRecord, 'tokenId' | 'tokenName' | 'role' | 'address'>;

export function auditRecord({ token, rights, address }: Principal, event: AuditEvent): AuditRecord {
  return { ...event, tokenId: token.id, tokenName: token.name, role: rights.role, address };
}

export function noteAudit(audit: AuditLog, principal: Principal, event: AuditEvent): void {
  audit.note(auditRecord(principal, event));
}
