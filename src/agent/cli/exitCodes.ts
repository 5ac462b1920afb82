/** What the command's exit codes mean; also in its help and in docs/agent.md. */
export const EXIT_CODES = {
  ok: 0,
  /** Something that should not happen. */
  failure: 1,
  /** The command line, the environment or the configuration file is wrong. */
  usage: 2,
  /** The state folder, a certificate or a token file can't be used, or another agent uses it. */
  state: 3,
  /** The address can't be listened on. */
  listen: 4,
  /** `status`: no agent runs with this state folder. */
  notRunning: 5,
  /** `status`: the agent runs, but it does not answer or its engine is away. */
  degraded: 6,
  /** `deploy`: it failed; what ran before runs. */
  deploymentFailed: 7,
  /** `deploy`: it was cancelled. */
  cancelled: 8,
} as const;

export const EXIT_CODE_HELP = `
Exit codes:
  0  done
  1  unexpected failure
  2  wrong command line, environment or configuration file
  3  the state folder or one of its files can't be used
  4  the address can't be listened on
  5  status: no agent is running
  6  status: the agent is running, but does not answer or its engine is away
  7  deploy: the deployment failed
  8  deploy: the deployment was cancelled`;
