import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stopSignal } from '../src/terminal/stop-signal.ts';

let source: EventEmitter;
let said: string[];
let exits: number[];
let signal: AbortSignal;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate'] });
  [source, said, exits] = [new EventEmitter(), [], []];
  signal = stopSignal(source, { say: (text) => said.push(text), exit: (code) => exits.push(code) });
});
afterEach(() => void vi.useRealTimers());

describe('stopSignal', () => {
  it.each(['SIGINT', 'SIGTERM'])('fires on %s and says so once', (name) => {
    expect(signal.aborted).toBe(false);
    source.emit(name);
    expect(signal.aborted).toBe(true);
    expect((signal.reason as Error).message).toBe(`stopped by ${name}`);
    expect(said.join('')).toMatch(/press Ctrl-C again/);
  });

  it('takes what arrives within a second for the same press', () => {
    source.emit('SIGINT');
    source.emit('SIGINT');
    vi.advanceTimersByTime(900);
    source.emit('SIGINT');
    expect([exits, said.length]).toEqual([[], 1]);
  });

  it('ends at once on a later press, with a message', () => {
    source.emit('SIGINT');
    vi.advanceTimersByTime(1001);
    source.emit('SIGINT');
    expect(exits).toEqual([130]);
    expect(said[1]).toMatch(/stopped at once/);
  });

  it('counts when a signal came, not when a computation let it through', () => {
    source.emit('SIGINT');
    // A step of three seconds: the timer is due, and the forwarded signals are handled right after it.
    vi.setSystemTime(Date.now() + 3000);
    const immediates: (() => void)[] = [];
    vi.stubGlobal('setImmediate', (callback: () => void) => immediates.push(callback));
    vi.advanceTimersByTime(3000);
    source.emit('SIGINT');
    expect(exits).toEqual([]);
    for (const run of immediates) run();
    vi.unstubAllGlobals();
    source.emit('SIGINT');
    expect(exits).toEqual([130]);
  });

  it('lets schedulers repeat SIGTERM, and Ctrl-C end what they stopped', () => {
    for (let i = 0; i < 3; i++) {
      source.emit('SIGTERM');
      vi.advanceTimersByTime(2000);
    }
    expect([exits, said.length]).toEqual([[], 1]);
    source.emit('SIGINT');
    expect(exits).toEqual([130]);
  });
});
