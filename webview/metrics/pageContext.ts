import type { PanelTexts } from '../../src/protocol/webview/envelope';
import type { MetricsAction } from '../../src/protocol/webview/metrics';
import type { MetricsTextKey } from '../../src/protocol/webview/metricsTexts';

/** What every part of the page may use. */
export interface PageContext {
  readonly texts: PanelTexts<MetricsTextKey>;
  /** BCP 47. */
  readonly language: string;
  act(action: MetricsAction): void;
  /** Has a screen reader say it when it has nothing else to say. */
  announce(text: string): void;
}
