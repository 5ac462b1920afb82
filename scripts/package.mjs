/** `npm run package`: the extension as `quaywatch-<version>.vsix`, checked for its size and its files. */
import { packageExtension } from './lib/vsix.mjs';
import { runMain } from './lib/processes.mjs';
import { ensureDependencies } from './lib/repository.mjs';

await runMain(async () => {
  await ensureDependencies();
  const { path, bytes, files } = await packageExtension();
  for (const file of files) console.log(`  ${file}`);
  console.log(`${path}: ${(bytes / 1024).toFixed(1)} KB, ${files.length} files`);
  return 0;
});
