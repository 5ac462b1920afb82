import * as vscode from 'vscode';
import { toDisposable, DisposableStore } from '../../../base/lifecycle';
import {
  deploymentsProtocol,
  type DeploymentsAction,
  type DeploymentsDelta,
  type DeploymentsSnapshot,
  type DeploymentsText,
} from '../../../protocol/webview/deployments';
import { deploymentTexts } from '../../deployments/words';
import type { PanelConnection, PanelKind, PanelSession } from '../panel';
import { DeploymentsSession, type DeploymentsSessionParts } from './deploymentsSession';

/** The page of deployments, in the side bar and as a tab. */
export class DeploymentsPanel implements PanelKind<
  DeploymentsText,
  DeploymentsSnapshot,
  DeploymentsDelta,
  DeploymentsAction
> {
  readonly name = 'deployments';
  readonly protocol = deploymentsProtocol;
  private lookers = 0;

  constructor(private readonly parts: DeploymentsSessionParts) {}

  /** Somebody sees it now. */
  get isVisible(): boolean {
    return this.lookers > 0;
  }

  title(): string {
    return vscode.l10n.t('Deployments');
  }

  texts = deploymentTexts;

  open(connection: PanelConnection<DeploymentsDelta>): PanelSession<DeploymentsSnapshot, DeploymentsAction> {
    const session = new DeploymentsSession(connection, this.parts);
    const store = new DisposableStore();
    this.lookers += 1;
    store.add(toDisposable(() => (this.lookers -= 1)));
    store.add(session);
    return {
      snapshot: () => session.snapshot(),
      act: (action) => session.act(action),
      dispose: () => store.dispose(),
    };
  }
}
