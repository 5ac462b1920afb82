/** An image's name, taken apart as the engine wants it. */
export interface ImageName {
  readonly repository: string;
  /** A tag or a digest; `latest` where the name has none, as for the docker CLI. */
  readonly tag: string;
}

/** Takes `registry:5000/team/app:1.2` or `app@sha256:…` apart. */
export function parseImageName(name: string): ImageName {
  const at = name.indexOf('@');
  if (at >= 0) return { repository: withoutTag(name.slice(0, at)), tag: name.slice(at + 1) };
  const colon = tagColon(name);
  if (colon < 0) return { repository: name, tag: 'latest' };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function withoutTag(name: string): string {
  const colon = tagColon(name);
  return colon < 0 ? name : name.slice(0, colon);
}

/** A colon before the last slash is that of a registry's port. */
function tagColon(name: string): number {
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? colon : -1;
}
