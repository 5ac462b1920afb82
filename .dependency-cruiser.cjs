// The rooms of src/ and who may import whom: the table of docs/architecture.md, checked by `npm run check`.
const ROOMS = {
  base: [],
  model: ['base'],
  port: ['model', 'base'],
  'engine/docker': ['port', 'model', 'base'],
  'engine/remote': ['port', 'protocol', 'model', 'base'],
  protocol: ['model', 'base'],
  deploy: ['port', 'model', 'base'],
  agent: ['engine/docker', 'port', 'deploy', 'protocol', 'model', 'base'],
  vscode: ['engine/docker', 'engine/remote', 'port', 'deploy', 'protocol', 'model', 'base'],
};

/** The port is made of the files that lie directly in src/engine/. */
const patternOf = (room) => (room === 'port' ? 'engine/[^/]+\\.ts$' : `${room}/`);
const anyOf = (rooms) => `^src/(${rooms.map(patternOf).join('|')})`;

const roomRules = Object.entries(ROOMS).map(([room, mayImport]) => ({
  name: `${room} imports only ${mayImport.join(', ') || 'itself'}`,
  severity: 'error',
  // The command `deploy` is a client of the agent that runs beside it.
  from: { path: anyOf([room]), ...(room === 'agent' && { pathNot: '^src/agent/cli/deploy/' }) },
  to: { path: '^(src|webview)/', pathNot: anyOf([room, ...mayImport]) },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'only the composition root constructs engines',
      severity: 'error',
      from: { path: '^src/vscode/', pathNot: '^src/vscode/compose\\.ts$' },
      to: { path: '^src/engine/(docker|remote)/' },
    },
    {
      name: 'only src/vscode and src/extension.ts import vscode',
      severity: 'error',
      from: { path: '^(src|webview)/', pathNot: '^src/(vscode/|extension\\.ts$)' },
      to: { path: '^vscode$' },
    },
    {
      name: 'the pure rooms import no Node module and no package',
      severity: 'error',
      from: { path: '^src/(base|model)/' },
      to: { pathNot: '^src/' },
    },
    {
      name: 'src and webview import no test code',
      severity: 'error',
      from: { path: '^(src|webview)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'webview imports only the page part of the protocol, model and base',
      severity: 'error',
      from: { path: '^webview/' },
      to: { path: '^src/', pathNot: '^src/(protocol/webview|model|base)/' },
    },
    {
      name: 'the page part of the protocol knows nothing of the wire',
      severity: 'error',
      from: { path: '^src/protocol/webview/' },
      to: { path: '^src/protocol/', pathNot: '^src/protocol/webview/' },
    },
    {
      name: 'one page knows nothing of another',
      severity: 'error',
      from: { path: '^webview/([^/]+)/' },
      to: { path: '^webview/[^/]+/', pathNot: '^webview/$1/' },
    },
    {
      name: 'only webview/components.ts knows the toolkit of controls',
      severity: 'error',
      from: { pathNot: '^webview/components\\.ts$' },
      to: { path: 'webview-ui-toolkit|@microsoft/fast-' },
    },
    {
      name: 'only the pages use the DOM: nothing of the extension imports them',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^webview/' },
    },
    { name: 'no cycles', severity: 'error', from: { path: '^(src|webview)/' }, to: { circular: true } },
    {
      name: 'every import resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^vscode$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.json'] },
  },
};
