import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cliStatsOfPayload, dockerCliVersion } from './test/support/dockerStatsCli';
const folder = 'test/fixtures/stats';
void (async () => {
for (const name of readdirSync(folder)) {
  const f = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
  f.dockerCli = await dockerCliVersion();
  for (const s of f.samples) {
    const r = await cliStatsOfPayload(s.payload, f.operatingSystem);
    s.dockerStats = { CPUPerc: r.CPUPerc, MemUsage: r.MemUsage, MemPerc: r.MemPerc, NetIO: r.NetIO, BlockIO: r.BlockIO, PIDs: r.PIDs };
    console.log(name, s.what, JSON.stringify(s.dockerStats));
    const { what, payload, dockerStats } = s; void what;
    Object.assign(s, { dockerStats });
    delete s.payload; s.payload = payload;
  }
  const { origin, handWritten, operatingSystem, dockerCli, samples } = f;
  writeFileSync(`${folder}/${name}`, JSON.stringify({ origin, handWritten, operatingSystem, dockerCli, samples }, null, 1));
}
})();
