import type { z } from 'zod'
import type * as schema from './input-schema.ts'

/** What a policy sees of one source: exactly one of `local`, `http`, `git` and `image`, and the build as `env`. */
export type Input = z.infer<typeof schema.inputSchema>
export type EnvInput = z.infer<typeof schema.envSchema>
export type LocalInput = z.infer<typeof schema.localSchema>
export type HttpInput = z.infer<typeof schema.httpSchema>
export type GitInput = z.infer<typeof schema.gitSchema>
export type CommitInput = z.infer<typeof schema.commitSchema>
export type TagInput = z.infer<typeof schema.tagSchema>
export type ImageInput = z.infer<typeof schema.imageSchema>
export type ProvenanceInput = z.infer<typeof schema.provenanceSchema>
export type AttestationInput = z.infer<typeof schema.attestationSchema>
export type SBOMInput = z.infer<typeof schema.sbomSchema>
export type SignatureErrorInput = z.infer<typeof schema.signatureErrorSchema>
export type SignatureInput = z.infer<typeof schema.signatureSchema>
export type SignerInput = z.infer<typeof schema.signerSchema>

/** What a policy answers: the document that `data.docker.decision` names. */
export type PolicyDecision = z.infer<typeof schema.policyDecisionSchema>
