import { describeOptions, type MethodModule } from '@seg/train';

/** A method with its options, for the terminal. */
export function describeMethod({ name, summary, options }: MethodModule): string {
  const described = describeOptions(options);
  const width = Math.max(0, ...described.map((o) => o.name.length));
  const lines = described.map((o) => `  ${o.name.padEnd(width)}  ${o.description} [${o.expected}]\n`);
  return `${name}: ${summary}\n${lines.join('')}`;
}
