/**
 * Every command there is. package.json contributes exactly these, and the registry takes one handler for each; a unit
 * test and the compiler see to it.
 */
export const COMMAND_IDS = [
  'quaywatch.tailLogs',
  'quaywatch.tailLogsWith',
  'quaywatch.tailTogether',
  'quaywatch.tailProjectTogether',
  'quaywatch.tailTogetherInTerminal',
  'quaywatch.filterLogs',
  'quaywatch.stopTailing',
  'quaywatch.saveLogs',
  'quaywatch.openLogsInEditor',
  'quaywatch.openLogsInTerminal',
  'quaywatch.start',
  'quaywatch.stop',
  'quaywatch.restart',
  'quaywatch.pause',
  'quaywatch.unpause',
  'quaywatch.kill',
  'quaywatch.rename',
  'quaywatch.remove',
  'quaywatch.inspect',
  'quaywatch.openShell',
  'quaywatch.browsePort',
  'quaywatch.copyName',
  'quaywatch.copyId',
  'quaywatch.copyImage',
  'quaywatch.filter',
  'quaywatch.clearFilter',
  'quaywatch.hideStopped',
  'quaywatch.showStopped',
  'quaywatch.showMore',
  'quaywatch.retryConnection',
  'quaywatch.showTried',
  'quaywatch.openSettings',
  'quaywatch.showDiagnostics',
] as const;

export type CommandId = (typeof COMMAND_IDS)[number];
