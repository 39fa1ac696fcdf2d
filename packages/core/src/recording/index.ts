export { createRecorder, type Recorder } from './recorder.ts'
export type { RecordedCall, RecordedFacts, RecordedSource, Recording } from './recording.ts'
export { decodeRecording, encodeRecording, RECORDING_VERSION } from './recording-json.ts'
export { createReplay, type Replay } from './replay.ts'
