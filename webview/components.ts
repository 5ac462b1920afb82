import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';

/**
 * The controls of the pages. The toolkit behind them is archived, so this file alone knows it: pages make controls with
 * these functions, and nothing else of the toolkit is theirs to use.
 */
export function registerComponents(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeProgressRing(),
    vsCodeTextField(),
  );
}

/** Fires `click`. */
export interface ButtonOptions {
  readonly label: string;
  readonly appearance?: 'primary' | 'secondary' | 'icon';
  /** What screen readers say, and what a pointer shows, where the label is a sign and no word. */
  readonly description?: string;
  readonly onClick: () => void;
}

export function makeButton({ label, appearance, description, onClick }: ButtonOptions): HTMLElement {
  const button = document.createElement('vscode-button');
  button.setAttribute('appearance', appearance ?? 'secondary');
  button.textContent = label;
  if (description !== undefined) {
    button.setAttribute('aria-label', description);
    button.title = description;
  }
  button.addEventListener('click', onClick);
  return button;
}

/** A control that holds a value. */
export interface ValueControl<T> {
  readonly element: HTMLElement;
  get(): T;
  /** Tells nobody. */
  set(value: T): void;
}

export interface TextFieldOptions {
  readonly label: string;
  readonly placeholder?: string;
  readonly onInput: (text: string) => void;
}

export function makeTextField({ label, placeholder, onInput }: TextFieldOptions): ValueControl<string> {
  const element = document.createElement('vscode-text-field') as HTMLElement & { value?: string };
  element.setAttribute('aria-label', label);
  element.setAttribute('placeholder', placeholder ?? label);
  element.addEventListener('input', () => onInput(element.value ?? ''));
  return { element, get: () => element.value ?? '', set: (text) => (element.value = text) };
}

export interface CheckboxOptions {
  readonly label: string;
  readonly onChange: (isChecked: boolean) => void;
}

export function makeCheckbox({ label, onChange }: CheckboxOptions): ValueControl<boolean> {
  const element = document.createElement('vscode-checkbox') as HTMLElement & { checked?: boolean };
  element.textContent = label;
  // The toolkit tells of every change, also of those that nobody made by hand.
  let isBeingSet = false;
  element.addEventListener('change', () => {
    if (!isBeingSet) onChange(element.checked === true);
  });
  const set = (isChecked: boolean): void => {
    isBeingSet = true;
    element.checked = isChecked;
    isBeingSet = false;
  };
  return { element, get: () => element.checked === true, set };
}

export interface DropdownOptions<T extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
}

/** @returns a control whose value is always one of the options */
export function makeDropdown<T extends string>({
  label,
  options,
  onChange,
}: DropdownOptions<T>): ValueControl<T | undefined> {
  const element = document.createElement('vscode-dropdown') as HTMLElement & { value?: string };
  element.setAttribute('aria-label', label);
  element.title = label;
  for (const { value, label: text } of options) {
    const option = document.createElement('vscode-option');
    option.setAttribute('value', value);
    option.textContent = text;
    element.append(option);
  }
  const get = (): T | undefined => options.find(({ value }) => value === element.value)?.value;
  element.addEventListener('change', () => {
    const value = get();
    if (value !== undefined) onChange(value);
  });
  return { element, get, set: (value) => (element.value = value ?? '') };
}

/** Turns while something is awaited. */
export function makeProgressRing(label: string): HTMLElement {
  const ring = document.createElement('vscode-progress-ring');
  ring.setAttribute('aria-label', label);
  return ring;
}
