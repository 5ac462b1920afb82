import { decodeBase64url } from '../../protocol/base64url';
import { parsePairingLink, type Pairing } from '../../protocol/pairingLink';
import { decodeUtf8 } from '../../protocol/utf8';

const LINK_FIELD = 'link';

/** The pairing in the query of a link that opens VS Code; `undefined` where there is none, or a damaged one. */
export function parseVSCodeLinkText(query: string): Pairing | undefined {
  const links = new URLSearchParams(query).getAll(LINK_FIELD);
  const [only] = links;
  const bytes = links.length === 1 && only !== undefined ? decodeBase64url(only) : undefined;
  const link = bytes && decodeUtf8(bytes);
  if (link === undefined) return undefined;
  try {
    return parsePairingLink(link);
  } catch {
    return undefined;
  }
}
