import type { EngineErrorCode } from '../engine';
import { fieldOf, type Explanation } from './explanation';

const START_IT = 'Start the engine, or choose another Docker host.';
const CHECK_NETWORK = 'Check the host name, the network and any VPN.';
const LOST = 'the connection to the engine broke. It may have been restarted; try again.';

const NETWORK: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: explanation('unreachable', `nothing listens there. ${START_IT}`),
  EHOSTUNREACH: explanation('unreachable', `there is no way to that host. ${CHECK_NETWORK}`),
  ENETUNREACH: explanation('unreachable', `there is no way to that network. ${CHECK_NETWORK}`),
  EHOSTDOWN: explanation('unreachable', `the host is down. ${CHECK_NETWORK}`),
  ENOTFOUND: explanation('unreachable', `the host name is unknown. ${CHECK_NETWORK}`),
  EAI_AGAIN: explanation('unreachable', `the host name can't be looked up now. ${CHECK_NETWORK}`),
  ETIMEDOUT: explanation('timeout', `the host did not answer. ${CHECK_NETWORK}`),
  ECONNRESET: explanation('connectionLost', LOST),
  ECONNABORTED: explanation('connectionLost', LOST),
  EPIPE: explanation('connectionLost', LOST),
  ERR_STREAM_PREMATURE_CLOSE: explanation('connectionLost', LOST),
  ENOTSOCK: explanation(
    'badEndpoint',
    'what is there is not a socket. Name the socket the engine listens on.',
  ),
  EPROTOTYPE: explanation('badEndpoint', 'that socket is not of the kind an engine listens on.'),
  ENOTDIR: explanation('badEndpoint', 'a part of the path is not a directory. Correct the path.'),
  ENAMETOOLONG: explanation('badEndpoint', 'the path is too long for a socket. Make a shorter link to it.'),
  EMFILE: explanation('unreachable', 'this process has too many files open. Close some connections.'),
};

const UNTRUSTED = explanation(
  'tlsFailed',
  "the server's certificate is not signed by an authority trusted here. Put the right ca.pem where DOCKER_CERT_PATH or the context has it.",
);
const PLAIN_HTTP = explanation(
  'tlsFailed',
  'the server does not speak TLS on this port. Use tcp:// without TLS, or its TLS port.',
);

const TLS: Readonly<Record<string, Explanation>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_HAS_EXPIRED: explanation(
    'tlsFailed',
    "the server's certificate has expired. Renew it, and check both clocks.",
  ),
  CERT_NOT_YET_VALID: explanation(
    'tlsFailed',
    "the server's certificate is not valid yet. Check both clocks.",
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: explanation(
    'tlsFailed',
    "the server's certificate is for another host name. Use a name the certificate lists.",
  ),
  EPROTO: PLAIN_HTTP,
  ERR_SSL_WRONG_VERSION_NUMBER: PLAIN_HTTP,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: PLAIN_HTTP,
};

/** Explains the `code` of one of Node's errors, `undefined` when the code says nothing about a connection. */
export function explainSystemCode(code: string, error: unknown): Explanation | undefined {
  if (code === 'ENOENT') return explainAbsent(error);
  if (code === 'EACCES' || code === 'EPERM') return explainForbidden(error);
  return NETWORK[code] ?? TLS[code] ?? explainFamily(code);
}

function explainFamily(code: string): Explanation | undefined {
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    return explanation(
      'tlsFailed',
      "the server refused this client's certificate. Put cert.pem and key.pem, signed by the authority the server trusts, where DOCKER_CERT_PATH or the context has them.",
    );
  }
  if (/^ERR_OSSL_/.test(code)) {
    return explanation(
      'tlsFailed',
      `a certificate or key file can't be read as PEM (${code}). Check ca.pem, cert.pem and key.pem.`,
    );
  }
  if (/^(ERR_SSL_|ERR_TLS_)|CERT|CRL/.test(code)) {
    return explanation(
      'tlsFailed',
      `the TLS connection failed (${code}). Check the certificates on both sides.`,
    );
  }
  if (code.startsWith('HPE_')) {
    return explanation(
      'badResponse',
      'what answers there does not speak HTTP. Check address and port, and whether TLS is wanted.',
    );
  }
  return undefined;
}

function explainAbsent(error: unknown): Explanation {
  const path = pathOf(error);
  return explanation('engineNotFound', `there is nothing at ${path ?? 'that path'}. ${START_IT}`);
}

function explainForbidden(error: unknown): Explanation {
  const path = pathOf(error);
  if (path === undefined)
    return explanation(
      'permissionDenied',
      'the system forbids the connection. Check firewall and user rights.',
    );
  if (isPipe(path)) {
    return explanation(
      'permissionDenied',
      `this user may not use ${path}. Add the user to the group docker-users, then sign in again.`,
    );
  }
  return explanation(
    'permissionDenied',
    `this user may not use ${path}. Add the user to the \`docker\` group (sudo usermod -aG docker "$USER"), then log out and in again.`,
  );
}

/** Failed connections name the socket as `address`, failed file operations as `path`. */
function pathOf(error: unknown): string | undefined {
  const names = [fieldOf(error, 'address'), fieldOf(error, 'path')];
  return names.find(
    (name): name is string => typeof name === 'string' && (name.startsWith('/') || isPipe(name)),
  );
}

function isPipe(path: string): boolean {
  return /^[\\/]{2}[.?][\\/]pipe/i.test(path);
}

function explanation(code: EngineErrorCode, text: string): Explanation {
  return { code, text };
}
