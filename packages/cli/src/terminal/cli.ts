import type { MethodModule } from '@seg/train';

/** What a command may use of the outside world. */
export interface Cli {
  /** Results. */
  readonly stdout: (text: string) => void;
  /** Progress and messages. */
  readonly stderr: (text: string) => void;
  /** Whether standard error is a terminal, where a progress bar can be drawn. */
  readonly isTerminal: boolean;
  /** Fires on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Training methods besides those of this project's packages; default none. */
  readonly methods?: readonly MethodModule[];
  /** Set by `runCli`: the arguments that it was given. */
  args?: readonly string[];
  /** Set by a command that goes on after failures, such as `seg info` of a broken file. */
  failed?: boolean;
  /** Set by a command that the signal stopped and that kept what it had done. */
  stopped?: boolean;
}
