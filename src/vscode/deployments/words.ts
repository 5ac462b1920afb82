import * as vscode from 'vscode';
import type { DeploymentsText } from '../../protocol/webview/deployments';
import type { PanelTexts } from '../../protocol/webview/envelope';

/** The words of the page of deployments; a status or a stage is a key too. */
export function deploymentTexts(): PanelTexts<DeploymentsText> {
  return { ...statusTexts(), ...stageTexts(), ...actionTexts(), ...detailTexts(), ...pageTexts() };
}

/** The name of a status or stage; one that is not known is shown as the host says it. */
export function nameInWords(word: string): string {
  const names: Readonly<Record<string, string>> = { ...statusTexts(), ...stageTexts() };
  return names[word] ?? word.replaceAll('_', ' ');
}

function statusTexts() {
  return {
    pending: vscode.l10n.t('Waiting'),
    building: vscode.l10n.t('Building'),
    deploying: vscode.l10n.t('Deploying'),
    success: vscode.l10n.t('Deployed'),
    failed: vscode.l10n.t('Failed'),
    cancelled: vscode.l10n.t('Cancelled'),
    rolled_back: vscode.l10n.t('Failed, rolled back'),
  };
}

function stageTexts() {
  return {
    queued: vscode.l10n.t('Waiting in line'),
    cloning_repo: vscode.l10n.t('Cloning repository'),
    pulling_image: vscode.l10n.t('Pulling image'),
    building_image: vscode.l10n.t('Building image'),
    stopping_old: vscode.l10n.t('Stopping old version'),
    starting_new: vscode.l10n.t('Starting new version'),
    health_check: vscode.l10n.t('Checking health'),
    rolling_back: vscode.l10n.t('Rolling back'),
    completed: vscode.l10n.t('Completed'),
  };
}

function actionTexts() {
  return {
    deploy: vscode.l10n.t('Deploy…'),
    cancel: vscode.l10n.t('Cancel'),
    cancelOf: vscode.l10n.t('Cancel the deployment of {0}'),
    retry: vscode.l10n.t('Retry'),
    retryOf: vscode.l10n.t('Retry the deployment of {0}'),
    again: vscode.l10n.t('Deploy Again'),
    againOf: vscode.l10n.t('Deploy Again: {0}'),
    rollBackTo: vscode.l10n.t('Roll Back to This'),
    rollBackToOf: vscode.l10n.t('Roll Back to This: {0}, {1}'),
    compare: vscode.l10n.t('Compare Inputs…'),
    compareOf: vscode.l10n.t('Compare Inputs…: {0}'),
    openLog: vscode.l10n.t('Open Log'),
    openLogOf: vscode.l10n.t('Open Log of {0} in an editor'),
    showMore: vscode.l10n.t('Show More'),
    follow: vscode.l10n.t('To the End'),
    manageTrust: vscode.l10n.t('Manage Workspace Trust'),
  };
}

function detailTexts() {
  return {
    logOf: vscode.l10n.t('Log of {0}, {1}'),
    logEmpty: vscode.l10n.t('The log is empty.'),
    logSkipped: vscode.l10n.t('… {0} earlier lines are only in “Open Log” …'),
    logFailed: vscode.l10n.t('The log can’t be read: {0}'),
    startedBy: vscode.l10n.t('Started by {0}, {1}'),
    runsAgain: vscode.l10n.t('Runs the version of {0} again'),
    runsEarlier: vscode.l10n.t('Runs an earlier version again'),
    commit: vscode.l10n.t('Commit {0}'),
    image: vscode.l10n.t('Image {0}'),
    stages: vscode.l10n.t('Stages'),
    failedIn: vscode.l10n.t('Failed while: {0}'),
    exitCode: vscode.l10n.t('Exit code {0}'),
    outOfMemory: vscode.l10n.t('Out of memory'),
    healthOutput: vscode.l10n.t('Output of the health check'),
    lastLines: vscode.l10n.t('Last lines'),
    progressOf: vscode.l10n.t('Progress of {0}'),
    untouched: vscode.l10n.t('The running version was not changed.'),
    restored: vscode.l10n.t('What ran before runs again.'),
    outOfDate: vscode.l10n.t('Out of date'),
    announce: vscode.l10n.t('{0}: {1}.'),
  };
}

function pageTexts() {
  return {
    running: vscode.l10n.t('Running'),
    past: vscode.l10n.t('Past'),
    loading: vscode.l10n.t('Loading…'),
    nothingYet: vscode.l10n.t('Nothing has been deployed yet.'),
    nothingYetHint: vscode.l10n.t(
      'Deploy a folder with a Dockerfile, a Git repository, an image or a Compose file. A “quaywatch.json” in the workspace keeps the answers.',
    ),
    mayNot: vscode.l10n.t('Your access to these hosts lets you watch deployments, not start them.'),
    nothingMatches: vscode.l10n.t('No deployment matches the filter.'),
    allHosts: vscode.l10n.t('All hosts'),
    allApps: vscode.l10n.t('All apps'),
    filterHost: vscode.l10n.t('Show deployments of a host'),
    filterApp: vscode.l10n.t('Show deployments of an app'),
    untrusted: vscode.l10n.t('This workspace is not trusted.'),
    untrustedHint: vscode.l10n.t(
      'Deploying runs what the workspace says, so nothing is deployed until you trust it.',
    ),
  };
}
