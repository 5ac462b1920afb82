import assert from 'node:assert/strict';
import { formatVSCodeLink, type Pairing } from '../../src/protocol/pairingLink';
import { parseVSCodeLinkText } from '../../src/vscode/pairing/linkText';

const pairing: Pairing = {
  host: 'example.com',
  port: 7443,
  token: { id: 'laptop', secret: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' },
  security: { kind: 'pinned', key: 'LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM' },
  name: 'Example',
};

describe('a link that opens VS Code', () => {
  const query = new URL(formatVSCodeLink(pairing)).search.slice(1);

  it('holds the pairing link', () => {
    assert.deepEqual(parseVSCodeLinkText(query), pairing);
  });

  it('is refused when it is damaged, says nothing or says it twice', () => {
    const wrong = ['', 'link=', 'link=%%%', 'other=x', `${query}&${query}`, query.slice(0, -60), 'link=aGk'];
    for (const text of wrong) assert.equal(parseVSCodeLinkText(text), undefined, text);
  });

  it('has no use for more than a link may hold', () => {
    const long = Buffer.from(`quaywatch://h/#token=a.b&name=${'x'.repeat(5_000)}`).toString('base64url');
    assert.equal(parseVSCodeLinkText(`link=${long}`), undefined);
  });
});
