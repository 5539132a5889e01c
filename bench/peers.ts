import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { childRows } from './children.ts';

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

/**
 * PyTorch's rows from a peer program, once for every instruction set, or a note where the peers are not here.
 * `fullFlags` are given to the run with the full set only: what else they measure heeds no limits.
 */
export function torchRows<Row extends PeerRow>(
  args: readonly string[],
  notes: string[],
  fullFlags: readonly string[] = [],
): Row[] {
  const program = join(peersFolder, 'peer');
  if (existsSync(program)) {
    return forEachSet(({ mark, env }) =>
      childRows<Row>(program, mark === '' ? [...args, ...fullFlags] : args, notes, env),
    );
  }
  notes.push(`not measured: ../shared/peers is not here (${args[0]})`);
  return [];
}

/** Rows of a Python program of ours in the peers' environment, once for every instruction set; a note without one. */
export function pythonRows<Row extends PeerRow>(file: string, args: readonly string[], notes: string[]): Row[] {
  if (existsSync(python)) return forEachSet(({ env }) => childRows<Row>(python, [file, ...args], notes, env));
  notes.push(`not measured: the environment of ../shared/peers is not here (${file})`);
  return [];
}
