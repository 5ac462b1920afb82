import { homedir } from 'node:os';
import type { Tools } from './step';

/** The programs of this machine, as its PATH has them. */
export function machineTools(environment: NodeJS.ProcessEnv = process.env): Tools {
  return {
    git: 'git',
    docker: 'docker',
    dockerCompose: 'docker-compose',
    environment,
    homeDirectory: homedir(),
  };
}
