import { METRICS_PROTOCOL, type MetricsAction } from '../../src/protocol/webview/metrics';
import { registerComponents } from '../components';
import { make, setText } from '../dom';
import { connectHost } from '../host';
import { Page } from './page';
import { readRemembered } from './remembered';

registerComponents();

const live = make('div', { class: 'visually-hidden', role: 'status', attributes: { 'aria-live': 'polite' } });
const main = document.querySelector('main') ?? document.body;
document.body.append(live);

let page: Page | undefined;

const host = connectHost(METRICS_PROTOCOL, {
  snapshot: (snapshot, texts, language) => {
    page?.dispose();
    document.body.dataset['place'] = snapshot.place;
    const context = {
      texts,
      language,
      act: (action: MetricsAction) => host.act(action),
      announce: (text: string) => setText(live, text),
    };
    page = new Page(snapshot, context, host, readRemembered(host.remembered()));
    main.replaceChildren(page.element);
  },
  delta: (changes) => page?.take(changes),
});
