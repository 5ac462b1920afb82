import type { FormName } from './deployFileForms';

/** What is wrong with a `quaywatch.json`, as data. `field` names the place, like `apps.web.run.ports[0]`. */
export type FileProblem = { readonly field: string } & (
  | { readonly kind: 'notJson'; readonly detail: string }
  | { readonly kind: 'tooLarge'; readonly mostBytes: number }
  | { readonly kind: 'missing' }
  /** Nothing of this name is known there; `known` are the names that are. */
  | { readonly kind: 'unknown'; readonly known: readonly string[]; readonly meant?: string }
  | { readonly kind: 'wrongType'; readonly expected: 'text' | 'list' | 'object' | 'number' | 'texts' }
  | { readonly kind: 'badForm'; readonly form: FormName }
  | { readonly kind: 'notOneOf'; readonly options: readonly string[] }
  | { readonly kind: 'outOfRange'; readonly most: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'tooMany'; readonly most: number }
  | { readonly kind: 'twice' }
  /** Not exactly one of `git`, `folder`, `image` and `compose`. */
  | { readonly kind: 'oneSource' }
  /** The part makes no sense for this kind of source. */
  | { readonly kind: 'notForSource'; readonly source: 'image' | 'compose' }
);

/** Where the words come from: VS Code's translations, or {@link ENGLISH}. */
export interface Translator {
  t(message: string, ...args: (string | number)[]): string;
}

/** The words as they are, for where there is no translation. */
export const ENGLISH: Translator = {
  t: (message, ...args) =>
    message.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)] ?? '')),
};

/** One sentence that names the field, what is wrong, and what to do. */
export function problemInWords(problem: FileProblem, l10n: Translator): string {
  const { field } = problem;
  switch (problem.kind) {
    case 'notJson':
    case 'tooLarge':
      return fileInWords(problem, l10n);
    case 'missing':
      return l10n.t('“{0}” is missing.', field);
    case 'unknown':
      return unknownInWords(problem, l10n);
    case 'wrongType':
      return typeInWords(field, problem.expected, l10n);
    case 'badForm':
      return l10n.t('“{0}” must be {1}.', field, formInWords(problem.form, l10n));
    case 'notOneOf':
      return l10n.t('“{0}” must be one of: {1}.', field, problem.options.join(', '));
    case 'outOfRange':
      return l10n.t('“{0}” must be more than 0 and at most {1}.', field, problem.most);
    case 'empty':
      return l10n.t('“{0}” is empty.', field);
    case 'tooMany':
      return l10n.t('“{0}” has more than {1} entries.', field, problem.most);
    case 'twice':
      return l10n.t('“{0}” is among “args” too: leave it out of one of them.', field);
    case 'oneSource':
      return l10n.t('“{0}” must have exactly one of: git, folder, image, compose.', field);
    case 'notForSource':
      return unfittingInWords(problem, l10n);
  }
}

function fileInWords(problem: FileProblem & { kind: 'notJson' | 'tooLarge' }, l10n: Translator): string {
  return problem.kind === 'notJson'
    ? l10n.t('The file is no JSON: {0}', problem.detail)
    : l10n.t('The file is larger than {0} bytes.', problem.mostBytes);
}

function unfittingInWords(
  { field, source }: FileProblem & { kind: 'notForSource' },
  l10n: Translator,
): string {
  return source === 'image'
    ? l10n.t('“{0}” is only for a source that is built: an image is run as it is.', field)
    : l10n.t('“{0}” is not for a Compose file, which says that itself.', field);
}

function unknownInWords(problem: FileProblem & { kind: 'unknown' }, l10n: Translator): string {
  return problem.meant === undefined
    ? l10n.t('“{0}” is not known. Known there: {1}.', problem.field, problem.known.join(', '))
    : l10n.t('“{0}” is not known. Did you mean “{1}”?', problem.field, problem.meant);
}

function typeInWords(
  field: string,
  expected: (FileProblem & { kind: 'wrongType' })['expected'],
  l10n: Translator,
): string {
  switch (expected) {
    case 'text':
      return l10n.t('“{0}” must be a text in quotes.', field);
    case 'list':
      return l10n.t('“{0}” must be a list in square brackets.', field);
    case 'object':
      return l10n.t('“{0}” must be an object in braces.', field);
    case 'number':
      return l10n.t('“{0}” must be a number.', field);
    case 'texts':
      return l10n.t('“{0}” must be an object of names and texts.', field);
  }
}

/** What a text must look like. */
export function formInWords(form: FormName, l10n: Translator): string {
  return FORM_WORDS[form](l10n);
}

const FORM_WORDS: Readonly<Record<FormName, (l10n: Translator) => string>> = {
  appName: (l10n) => l10n.t('2 to 63 letters, digits, “_”, “.” or “-”, beginning with a letter or digit'),
  containerName: (l10n) =>
    l10n.t('2 to 128 letters, digits, “_”, “.” or “-”, beginning with a letter or digit'),
  repository: (l10n) =>
    l10n.t('a repository as Git takes it, without a leading “-” and without “transport::”'),
  ref: (l10n) => l10n.t('a branch, tag or commit'),
  image: (l10n) => l10n.t('an image like “nginx:1.27”'),
  insidePath: (l10n) => l10n.t('a path inside the folder, without “..”'),
  path: (l10n) => l10n.t('a path'),
  project: (l10n) => l10n.t('lower-case letters, digits, “_” or “-”, beginning with a letter or digit'),
  service: (l10n) => l10n.t('letters, digits, “_”, “.” or “-”'),
  target: (l10n) => l10n.t('letters, digits, “_”, “.” or “-”'),
  network: (l10n) => l10n.t('letters, digits, “_”, “.” or “-”'),
  argumentName: (l10n) => l10n.t('a name of letters, digits and “_” that does not begin with a digit'),
  variableName: (l10n) => l10n.t('a name without “=” and spaces'),
  labelName: (l10n) => l10n.t('a name without “=” and spaces'),
  port: (l10n) => l10n.t('a port like “8080:80”, “127.0.0.1:8080:80” or “53:53/udp”'),
  volume: (l10n) => l10n.t('a volume like “data:/data” or “./data:/data:ro”'),
  duration: (l10n) => l10n.t('a duration like “30s” or “1m30s”'),
  memory: (l10n) => l10n.t('a size with its unit, like “512m” or “1.5g”'),
  hostName: (l10n) => l10n.t('the name of a host'),
  value: (l10n) => l10n.t('a text of at most 32,768 characters without zero characters'),
};
