import type { Advice, DoctorReport } from './report.ts';

const comfortableBytes = 4 * 2 ** 30;
const worthwhileGain = 1.1;

/** What is missing or slow on this machine, most important first; `gpuProblems`: what stands in the way of its GPU. */
export function adviceFor(report: Omit<DoctorReport, 'advice'>, gpuProblems: readonly string[] = []): Advice[] {
  const advice: Advice[] = [];
  for (const { name, works, description } of report.backends) {
    if (!works && (name === 'wasm' || name === 'cpu')) {
      advice.push({ problem: `the ${name} backend does not run: ${description}`, remedy: 'Reinstall the packages.' });
    }
  }
  if (report.gpuDriver !== null && !report.backends.some(({ name, works }) => name === 'cuda' && works)) {
    advice.push({ problem: 'the NVIDIA GPU is not used', remedy: 'Install its backend: seg backend install cuda.' });
  }
  advice.push(...gpuProblems.map((problem) => ({ problem, remedy: 'CUDA needs it.' })));
  if (report.simd === 'simd') {
    advice.push({
      problem: `Node ${report.node.version} has no relaxed SIMD`,
      remedy: 'Node 22 or later trains about 1.5 times as fast.',
    });
  }
  if (report.threads === 1 && report.cores > 1) {
    advice.push({ problem: 'the kernels use one thread of several', remedy: 'Allow SharedArrayBuffer.' });
  }
  if (report.memory.limitBytes < comfortableBytes) {
    const gib = (report.memory.limitBytes / 2 ** 30).toFixed(1);
    advice.push({ problem: `${gib} GiB of memory is little for training`, remedy: '4 GiB are comfortable.' });
  }
  if ((report.revectorizer.gain ?? 0) > worthwhileGain) {
    advice.push({
      problem: `V8's revectorizer would make convolutions ${report.revectorizer.gain!.toFixed(1)} times as fast`,
      remedy: 'It is experimental; switch it on with --revectorize or startBackend({ revectorize: true }).',
    });
  }
  return advice;
}
