export { type DecodeSafetensorsOptions, decodeSafetensors } from './safetensors/decode-safetensors.ts';
export { type EncodeSafetensorsOptions, encodeSafetensors } from './safetensors/encode-safetensors.ts';
export type {
  SafetensorsArray,
  SafetensorsDtype,
  SafetensorsFile,
  SafetensorsTensor,
} from './safetensors/safetensors-types.ts';
