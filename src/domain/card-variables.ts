/** The environment variables by which GPU libraries choose among cards. The lab sets them itself for each run; no job brings its own. */

/** Their names: NVIDIA's two, then AMD's for HIP, for the runtime below it, and for OpenCL. */
export const cardVariables: readonly string[] = [
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'HIP_VISIBLE_DEVICES',
  'ROCR_VISIBLE_DEVICES',
  'GPU_DEVICE_ORDINAL',
];
