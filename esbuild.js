// Builds the bundles of the extension and of the agent (default: for development; --production: minified; --watch) or,
// with --tests, that of the suites that run inside VS Code.
const esbuild = require('esbuild');
const { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync } = require('node:fs');
const path = require('node:path');

const isProduction = process.argv.includes('--production');
const isWatch = process.argv.includes('--watch');
const isTests = process.argv.includes('--tests');

/**
 * dockerode loads these for features Quaywatch does not use: its own SSH (we run the person's `ssh`, with their
 * configuration and keys) and BuildKit sessions over gRPC. Bundled they would make the extension four times as large.
 */
const UNUSED_MODULES = ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs'];

const unusedModules = {
  name: 'unused-modules',
  setup(build) {
    const filter = new RegExp(`^(${UNUSED_MODULES.map((name) => name.replace('/', '\\/')).join('|')})$`);
    build.onResolve({ filter }, ({ path: name }) => ({ path: name, namespace: 'unused' }));
    build.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
  },
};

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // VS Code 1.96, the oldest tested, runs extensions on Node 20.
  target: 'node20',
  minify: isProduction,
  sourcemap: isProduction ? false : 'linked',
  plugins: [unusedModules],
  logLevel: 'warning',
};

const extensionBundle = {
  ...common,
  entryPoints: { extension: path.join(__dirname, 'src/extension.ts') },
  outdir: path.join(__dirname, 'dist'),
  external: ['vscode'],
};

/** Puts beside the agent what installs it, so that its folder is all that a server needs. */
const agentFolder = {
  name: 'agent-folder',
  setup(build) {
    build.onEnd(({ errors }) => {
      if (errors.length > 0) return;
      const { outdir } = build.initialOptions;
      const source = path.join(__dirname, 'src/agent/install');
      mkdirSync(outdir, { recursive: true });
      for (const name of readdirSync(source)) copyFileSync(path.join(source, name), path.join(outdir, name));
      chmodSync(path.join(outdir, 'quaywatch-agent.js'), 0o755);
    });
  },
};

/** The `quaywatch-agent` command: one file for Node 20 or newer that needs no package beside it. */
const agentBundle = {
  ...common,
  entryPoints: { 'quaywatch-agent': path.join(__dirname, 'src/agent/main.ts') },
  outdir: path.join(__dirname, 'dist/agent'),
  banner: { js: '#!/usr/bin/env node' },
  plugins: [...common.plugins, agentFolder],
};

/** Each folder of `webview/` with a `main.ts` is a page, and has a `main.css` beside it. */
const PAGES = readdirSync(path.join(__dirname, 'webview')).filter((name) =>
  existsSync(path.join(__dirname, 'webview', name, 'main.ts')),
);

/** The pages of the panels: a script and a style sheet each, which need nothing beside them. */
const pagesBundle = {
  bundle: true,
  platform: 'browser',
  format: 'iife',
  // VS Code 1.96 is Electron 32.
  target: 'chrome128',
  minify: isProduction,
  sourcemap: isProduction ? false : 'inline',
  logLevel: 'warning',
  entryPoints: PAGES.flatMap((name) =>
    ['ts', 'css'].map((ext) => ({ in: path.join(__dirname, `webview/${name}/main.${ext}`), out: name })),
  ),
  outdir: path.join(__dirname, 'dist/webview'),
};

const testBundle = {
  ...common,
  entryPoints: {
    'extension/index': path.join(__dirname, 'test/extension/index.ts'),
    'bench/tree': path.join(__dirname, 'test/bench/inside/tree.ts'),
    'bench/idle': path.join(__dirname, 'test/bench/inside/idle.ts'),
    'bench/memory': path.join(__dirname, 'test/bench/inside/memory.ts'),
    'bench/activation': path.join(__dirname, 'test/bench/inside/activation.ts'),
  },
  outdir: path.join(__dirname, 'out/test'),
  // Mocha finds its own parts at run time, so it stays a package.
  external: ['vscode', 'mocha'],
  minify: false,
};

async function main() {
  const bundles = isTests ? [testBundle] : [extensionBundle, agentBundle, pagesBundle];
  if (!isWatch) {
    await Promise.all(bundles.map((options) => esbuild.build(options)));
    return;
  }
  for (const options of bundles) {
    const context = await esbuild.context({ ...options, logLevel: 'info' });
    await context.watch();
  }
}

module.exports = { agentBundle };

if (require.main === module) {
  main().catch((error) => {
    if (!error.errors) console.error(error);
    process.exitCode = 1;
  });
}
