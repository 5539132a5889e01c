import type * as v from 'valibot';
import type { Method } from '../method/method.ts';
import type { MethodContext, MethodModule } from './method-module.ts';
import type { OptionsSchema } from './option-schemas.ts';

/** A module whose `create` sees its options with the types of their schema, and may return a method of any groups. */
export interface MethodModuleDefinition<S extends OptionsSchema, M> extends Omit<MethodModule, 'options' | 'create'> {
  readonly options: S;
  create(context: MethodContext<v.InferOutput<S>>): M | Promise<M>;
}

/** Returns the module; the call lets TypeScript infer the types of its options, and forgets those of its groups. */
export function defineMethodModule<S extends OptionsSchema, M>(definition: MethodModuleDefinition<S, M>): MethodModule {
  const { create, ...rest } = definition;
  return {
    ...rest,
    create: (context) => create(context as MethodContext<v.InferOutput<S>>) as unknown as Promise<Method>,
  };
}
