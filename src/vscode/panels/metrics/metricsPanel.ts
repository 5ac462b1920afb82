import * as vscode from 'vscode';
import { homedir } from 'node:os';
import type { Clock } from '../../../base/clock';
import type { ContainerId } from '../../../model/container';
import type { MetricSample } from '../../../model/metrics';
import type { MetricThresholds } from '../../../model/thresholdWatch';
import {
  METRICS_PROTOCOL,
  readPreferences,
  type MetricsAction,
  type MetricsChange,
  type MetricsFocus,
  type MetricsSnapshot,
} from '../../../protocol/webview/metrics';
import type { MetricsTextKey } from '../../../protocol/webview/metricsTexts';
import type { Host } from '../../hosts/host';
import type { HostConnector } from '../../hosts/hostConnector';
import type { HostRegistry } from '../../hosts/hostRegistry';
import type { Notifier } from '../../notify';
import type { PanelConnection, PanelKind, PanelSession } from '../panel';
import type { MarkerMemory } from './containerMarkers';
import { MetricsSession, type SessionActions } from './metricsSession';
import { metricsTexts } from './metricsTexts';

const PREFERENCES_KEY = 'panels.metrics.preferences';

export interface MetricsPanelParts {
  readonly hosts: HostRegistry;
  readonly connector: HostConnector;
  readonly memory: vscode.Memento;
  readonly markers: MarkerMemory;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly thresholds: () => MetricThresholds;
  readonly onSample: (host: Host, id: ContainerId, sample: MetricSample) => void;
  readonly showLogs: (host: Host, id: ContainerId) => void;
  readonly reconnect: (host: Host) => void;
  /** Brings the editor tab to the front. */
  readonly openEditor: () => void;
}

interface OpenSession {
  readonly place: PanelConnection<unknown>['place'];
  readonly session: MetricsSession;
}

/** The metrics page, in the side bar and as an editor tab. */
export class MetricsPanel implements PanelKind<
  MetricsTextKey,
  MetricsSnapshot,
  readonly MetricsChange[],
  MetricsAction
> {
  readonly name = 'metrics';
  readonly protocol = METRICS_PROTOCOL;
  private readonly sessions = new Set<OpenSession>();
  /** What was asked for before there was a page to show it. */
  private pendingFocus: MetricsFocus | undefined;

  constructor(private readonly parts: MetricsPanelParts) {}

  title(): string {
    return vscode.l10n.t('Container Metrics');
  }

  texts() {
    return metricsTexts();
  }

  /** How many pages are looked at. */
  get openCount(): number {
    return this.sessions.size;
  }

  open(connection: PanelConnection<readonly MetricsChange[]>): PanelSession<MetricsSnapshot, MetricsAction> {
    const { parts } = this;
    parts.connector.look();
    const session = new MetricsSession(
      {
        hosts: parts.hosts,
        markers: parts.markers,
        clock: parts.clock,
        actions: this.actions(),
        onSample: (host, id, { sample }) => parts.onSample(host, id, sample),
        firstState: () => this.firstState(),
      },
      connection,
    );
    const entry: OpenSession = { place: connection.place, session };
    this.sessions.add(entry);
    return {
      snapshot: () => session.snapshot(),
      act: (action) => session.act(action),
      dispose: () => {
        this.sessions.delete(entry);
        session.dispose();
      },
    };
  }

  /**
   * Shows something on the page that is in sight, or else in the editor tab: charts need more room than a view has that
   * was never opened.
   */
  show(focus: MetricsFocus): void {
    const sessions = [...this.sessions];
    const open = sessions.find(({ place }) => place === 'view') ?? sessions[0];
    if (open) open.session.tell({ kind: 'focus', focus });
    else this.pendingFocus = focus;
    if (open?.place !== 'view') this.parts.openEditor();
  }

  /** The thresholds were set anew. */
  updateThresholds(): void {
    const thresholds = this.thresholds();
    for (const { session } of this.sessions) session.tell({ kind: 'thresholds', thresholds });
  }

  private thresholds() {
    const { cpuPercent, memoryPercent } = this.parts.thresholds();
    return { cpuPercent: cpuPercent ?? null, memoryPercent: memoryPercent ?? null };
  }

  private firstState(): Omit<MetricsSnapshot, 'place' | 'hosts' | 'rows'> {
    const focus = this.pendingFocus ?? null;
    this.pendingFocus = undefined;
    return {
      preferences: readPreferences(this.parts.memory.get(PREFERENCES_KEY)),
      thresholds: this.thresholds(),
      focus,
      isTrusted: this.parts.connector.isTrusted,
    };
  }

  private actions(): SessionActions {
    const { parts } = this;
    return {
      prefer: (preferences) => void parts.memory.update(PREFERENCES_KEY, preferences),
      copy: (text) => void vscode.env.clipboard.writeText(text),
      savePicture: (name, pngBase64) => void this.savePicture(name, pngBase64),
      showLogs: parts.showLogs,
      reconnect: parts.reconnect,
      openEditor: parts.openEditor,
    };
  }

  private async savePicture(name: string, pngBase64: string): Promise<void> {
    const fileName = `${name.replace(/[^\w.-]+/g, '_') || 'metrics'}.png`;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
    try {
      const uri = await vscode.window.showSaveDialog({
        defaultUri: vscode.Uri.joinPath(folder, fileName),
        filters: { [vscode.l10n.t('Pictures')]: ['png'] },
      });
      if (uri) await vscode.workspace.fs.writeFile(uri, Buffer.from(pngBase64, 'base64'));
    } catch (error) {
      this.parts.notifier.failed(vscode.l10n.t('The picture was not saved'), error);
    }
  }
}
