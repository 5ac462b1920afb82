import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { createFile } from '../state/atomicFile';
import { readPrivateText } from '../state/jsonFile';
import { asStateError, StateError, systemErrorCode } from '../state/stateError';

const YEARS = 10;
/** Clocks of clients may be behind. */
const BACKDATE_MS = 24 * 3_600_000;
const MS_PER_DAY = 86_400_000;
const WARN_BEFORE_DAYS = 14;

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A certificate and its key that fit together and are valid now. */
export interface TlsMaterial {
  /** PEM; may hold the certificates of issuers after the agent's own. */
  readonly certificate: string;
  /** PEM. Secret. */
  readonly key: string;
  /** What clients pin: see {@link publicKeyFingerprint}. */
  readonly fingerprint: string;
  readonly validTo: Date;
  /** For the operator, like that it expires soon. */
  readonly warnings: readonly string[];
}

/**
 * SHA-256 of the certificate's public key (its SubjectPublicKeyInfo in DER), in base64url without padding. A new
 * certificate for the same key has the same.
 */
export function publicKeyFingerprint(certificate: X509Certificate): string {
  const der = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64url');
}

/** A self-signed certificate for these host names and addresses, with a new key on the curve P-256. */
export async function generateCertificate(
  names: readonly string[],
  now: Date,
): Promise<{ certificate: string; key: string }> {
  // Only `init` needs it, and it is large.
  const { generate } = await import('selfsigned');
  const notAfterDate = new Date(now);
  notAfterDate.setUTCFullYear(now.getUTCFullYear() + YEARS);
  const altNames = names.map((name) =>
    isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
  );
  const result = await generate([{ name: 'commonName', value: 'quaywatch-agent' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - BACKDATE_MS),
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  return { certificate: result.cert, key: result.private };
}

/** Writes a new certificate and its key; what is there is never replaced. Rejects with {@link StateError}. */
export async function createCertificateFiles(
  { certificateFile, keyFile }: CertificateFiles,
  names: readonly string[],
  now: Date,
): Promise<void> {
  const { certificate, key } = await generateCertificate(names, now);
  for (const [path, text] of [
    [keyFile, key],
    [certificateFile, certificate],
  ] as const) {
    try {
      await createFile(path, text);
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw asStateError(path, error);
      throw new StateError(path, 'it is there already', 'Move it aside if you want a new one');
    }
  }
}

/** Reads and checks a certificate and its key. Rejects with {@link StateError} that says which of them is wrong. */
export async function loadTlsMaterial(files: CertificateFiles, now: Date): Promise<TlsMaterial> {
  const certificateText = await readText(files.certificateFile);
  const keyText = await readPrivateText(files.keyFile);
  if (keyText === undefined) throw missing(files.keyFile);
  const certificate = parseCertificate(files.certificateFile, certificateText);
  const key = parseKey(files.keyFile, keyText);
  if (!certificate.checkPrivateKey(key)) {
    throw new StateError(
      files.keyFile,
      `it is not the key of the certificate ${files.certificateFile}`,
      'Name the two files that belong together',
    );
  }
  const validTo = new Date(certificate.validTo);
  checkTime(files.certificateFile, certificate, now);
  return {
    certificate: certificateText,
    key: keyText,
    fingerprint: publicKeyFingerprint(certificate),
    validTo,
    warnings: expiryWarnings(files.certificateFile, validTo, now),
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw systemErrorCode(error) === 'ENOENT' ? missing(path) : asStateError(path, error);
  }
}

function missing(path: string): StateError {
  return new StateError(
    path,
    'it does not exist',
    'Run "quaywatch-agent init", or name the file with --cert and --key',
  );
}

function parseCertificate(path: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new StateError(path, 'it holds no certificate in PEM form', 'Name the right file with --cert', {
      cause: error,
    });
  }
}

function parseKey(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    // The library's own words are left out: they may be about the key's content.
    const help = 'Name the right file with --key; a key with a passphrase can not be used';
    throw new StateError(path, 'it holds no private key in PEM form', help);
  }
}

function checkTime(path: string, { validFrom, validTo }: X509Certificate, now: Date): void {
  if (new Date(validTo) <= now) {
    throw new StateError(path, `the certificate expired on ${validTo}`, 'Get a new one');
  }
  if (new Date(validFrom) > now) {
    throw new StateError(
      path,
      `the certificate is valid only from ${validFrom} on`,
      "Check this machine's clock",
    );
  }
}

function expiryWarnings(path: string, validTo: Date, now: Date): readonly string[] {
  const days = Math.floor((validTo.getTime() - now.getTime()) / MS_PER_DAY);
  return days >= WARN_BEFORE_DAYS ? [] : [`The certificate ${path} expires in ${days} days.`];
}
