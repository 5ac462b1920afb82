/** An address of Git, and the sign-in that stands in it. */
export interface SplitRepository {
  /** Without a password, and without the user name that is a token where there is no password. */
  readonly plain: string;
  /** As it stands in the address; empty where the user name is the secret. */
  readonly user?: string;
  readonly password?: string;
  /**
   * `scheme://user:password@host/` and `scheme://host/`, where there is something to hide that a server is to be told; ssh
   * takes no password. Git compares beginnings of addresses: without the slash `https://host.evil.example/` would begin as
   * this host does.
   */
  readonly secretBase?: string;
  readonly plainBase?: string;
}

/** Up to the last `@` before the path, as programs read it that send it: a password may hold one, too. */
const WITH_SIGN_IN = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@([^/?#@]*)(.*)$/is;
const REFERENCE = /\$\{env:[^}]*\}/g;

/** Parts the credentials from an address of Git. A user name alone in `https://` is a token. */
export function splitRepository(repository: string): SplitRepository {
  const address = repository.trim();
  const match = WITH_SIGN_IN.exec(address);
  // Where the host ends can't be told, nor where a password does.
  if (!hasPlainHost(address)) return { plain: address.replace(/:\/\/.*$/s, '://…') };
  if (!match) return { plain: address };
  const [, scheme = '', credentials = '', host = '', rest = ''] = match;
  const colon = credentials.indexOf(':');
  const isWeb = /^http/i.test(scheme);
  if (colon < 0 && !isWeb) return { plain: address };
  const user = colon < 0 ? '' : credentials.slice(0, colon);
  const kept = isWeb || user === '' ? '' : `${user}@`;
  return {
    plain: `${scheme}${kept}${host}${rest}`,
    user,
    password: colon < 0 ? credentials : credentials.slice(colon + 1),
    ...(!/ssh/i.test(scheme) && {
      secretBase: `${scheme}${credentials.replaceAll('@', '%40')}@${host}/`,
      plainBase: `${scheme}${kept}${host}/`,
    }),
  };
}

/** Whether an address holds a password itself, not only the name of a variable that does: `${env:NAME}`. */
export function holdsPassword(repository: string): boolean {
  const { password = '' } = splitRepository(repository.replace(REFERENCE, ''));
  return password !== '';
}

/** Whether what stands before the path is a host, with a port at most: of `https://me:pass/word@host/x` it is not. */
export function hasPlainHost(repository: string): boolean {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(repository.replace(REFERENCE, ''))?.[1];
  if (authority === undefined) return true;
  return /^(?:\[[^\]@\s]*\]|[^:@[\]\s]*)(?::[0-9]*)?$/.test(authority.slice(authority.lastIndexOf('@') + 1));
}
