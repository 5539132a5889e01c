import type { JsonValue } from '@seg/train';
import { InvalidArgumentError } from 'commander';

type JsonObject = { [key: string]: JsonValue };

/**
 * Collects `--option key=value` into one object. Dots in the key make objects within objects; the value is JSON where it
 * can be, else text.
 */
export function collectOption(text: string, before: JsonObject = {}): JsonObject {
  const equals = text.indexOf('=');
  const keys = text.slice(0, equals).split('.');
  if (equals < 1 || keys.some((key) => key.trim() === '')) {
    throw new InvalidArgumentError('It must be KEY=VALUE, such as learningRate=0.001 or hyper.latentDim=3.');
  }
  return assign(before, keys, parse(text.slice(equals + 1)));
}

function assign(target: JsonObject, [key, ...rest]: readonly string[], value: JsonValue): JsonObject {
  const old = Object.hasOwn(target, key!) ? target[key!] : undefined;
  if (rest.length > 0 && (old === undefined || isObject(old))) {
    return { ...target, [key!]: assign(old ?? {}, rest, value) };
  }
  if (old !== undefined) throw new InvalidArgumentError(`${key} is given twice.`);
  return { ...target, [key!]: value };
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
