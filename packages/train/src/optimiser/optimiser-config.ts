/** Stochastic gradient descent as in PyTorch: v = momentum v + g; step by g + momentum v (Nesterov) or v. */
export interface SgdConfig {
  readonly kind: 'sgd';
  readonly learningRate: number;
  /** Default 0.9. */
  readonly momentum?: number;
  /** Default true. */
  readonly nesterov?: boolean;
  /** L2 penalty added to the gradient; default 0. */
  readonly weightDecay?: number;
}

/** Adam (Kingma and Ba 2015), or AdamW (Loshchilov and Hutter 2019) with `decoupled` decay; each parameter counts its own steps. */
export interface AdamConfig {
  readonly kind: 'adam';
  readonly learningRate: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /**
   * Default 1e-8. Adam makes a whole step of any gradient well above it, of rounding too; about 1e-4 of the largest
   * gradient where gradients that should be zero are not quite (see `precision` of `startBackend`).
   */
  readonly epsilon?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Decay acts on the weights, not on the gradient (AdamW); default true. */
  readonly decoupled?: boolean;
}

export type OptimiserConfig = SgdConfig | AdamConfig;
