// The built kernels as text; declared here because they exist only after `pnpm build:wasm`.
declare module '*.wasm.js' {
  export const base64: string;
}
