import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { childRows } from './children.ts';
import { Player } from './turns.ts';

/** The peer programs, and the Python environment that they make on first use. */
export const peersFolder = join(import.meta.dirname, '../../shared/peers');
const python = join(process.env.SEG_PEERS_VENV ?? join(homedir(), '.cache/seg-peers'), 'bin/python');

interface PeerRow {
  readonly peer: string;
}

/** What PyTorch and oneDNN may use, and how a row's peer is marked that was measured so. */
interface InstructionSet {
  readonly mark: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The machine's full instruction set; where that is AVX-512 also AVX2 alone, which most laptops have. */
function instructionSets(): InstructionSet[] {
  // Huge pages, which our own scripts ask for, are no default of PyTorch's users.
  const { GLIBC_TUNABLES: _, ...env } = process.env;
  const full = { mark: '', env };
  const cpu = '/proc/cpuinfo';
  if (!existsSync(cpu) || !/^flags.*\bavx512f\b/m.test(readFileSync(cpu, 'utf8'))) return [full];
  return [full, { mark: ' AVX2', env: { ...env, ONEDNN_MAX_CPU_ISA: 'AVX2', ATEN_CPU_CAPABILITY: 'avx2' } }];
}

function forEachSet<Row extends PeerRow>(run: (set: InstructionSet) => Row[]): Row[] {
  return instructionSets().flatMap((set) => run(set).map((row) => ({ ...row, peer: `${row.peer}${set.mark}` })));
}

interface TorchRun {
  readonly threads: string;
  readonly repeat: string;
  /** Given in every run. */
  readonly flags?: readonly string[];
  /** Given in the run with the full set only: what else they measure heeds no limits. */
  readonly fullFlags?: readonly string[];
}

/**
 * PyTorch's rows from a peer program, once for every instruction set, or a note where the peers are not here. With less
 * than the full set, which takes longest, three repetitions do.
 */
export function torchRows<Row extends PeerRow>(name: string, run: TorchRun, notes: string[]): Row[] {
  const program = join(peersFolder, 'peer');
  if (!existsSync(program)) {
    notes.push(`not measured: ../shared/peers is not here (${name})`);
    return [];
  }
  const { threads, repeat, flags = [], fullFlags = [] } = run;
  return forEachSet(({ mark, env }) => {
    const times = mark === '' ? repeat : `${Math.min(3, Number(repeat))}`;
    const more = mark === '' ? [...flags, ...fullFlags] : flags;
    return childRows<Row>(program, [name, '--threads', threads, '--repeat', times, ...more], notes, env);
  });
}

/** Rows of a Python program of ours in the peers' environment, with the full instruction set; a note without one. */
export function pythonRows<Row>(file: string, args: readonly string[], notes: string[]): Row[] {
  if (existsSync(python)) return childRows<Row>(python, [file, ...args], notes, instructionSets()[0]!.env);
  notes.push(`not measured: the environment of ../shared/peers is not here (${file})`);
  return [];
}

/** Players of a Python program of ours in the peers' environment, one for every instruction set; a note without one. */
export function pythonPlayers(
  file: string,
  args: readonly string[],
  notes: string[],
): { readonly mark: string; readonly player: Player }[] {
  if (existsSync(python)) {
    return instructionSets().map(({ mark, env }) => ({ mark, player: new Player(python, [file, ...args], env) }));
  }
  notes.push(`not measured: the environment of ../shared/peers is not here (${file})`);
  return [];
}
