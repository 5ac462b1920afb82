// Builds the extension's bundle (default: for development; --production: minified; --watch) and, with --tests, the
// bundle of the suites that run inside VS Code.
const esbuild = require('esbuild');
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

const testBundle = {
  ...common,
  entryPoints: {
    'extension/index': path.join(__dirname, 'test/extension/index.ts'),
    'bench/tree': path.join(__dirname, 'test/bench/inside/tree.ts'),
    'bench/memory': path.join(__dirname, 'test/bench/inside/memory.ts'),
    'bench/activation': path.join(__dirname, 'test/bench/inside/activation.ts'),
  },
  outdir: path.join(__dirname, 'out/test'),
  // Mocha finds its own parts at run time, so it stays a package.
  external: ['vscode', 'mocha'],
  minify: false,
};

async function main() {
  const options = isTests ? testBundle : extensionBundle;
  if (!isWatch) {
    await esbuild.build(options);
    return;
  }
  const context = await esbuild.context({ ...options, logLevel: 'info' });
  await context.watch();
}

main().catch((error) => {
  if (!error.errors) console.error(error);
  process.exitCode = 1;
});
