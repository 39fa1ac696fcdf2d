import { z } from 'zod'

/*
 * The policy input of docker buildx, field by field, wire names exact. Every field is left out where it is empty.
 * The types of input.ts and the JSON Schema are both made from these definitions.
 */

const text = (description: string) => z.string().optional().describe(description)
const flag = (description: string) => z.boolean().optional().describe(description)
const texts = (description: string) => z.array(z.string()).optional().describe(description)
const map = (description: string) => z.record(z.string(), z.string()).optional().describe(description)

export const envSchema = z
  .strictObject({
    args: map('build arguments'),
    labels: map('labels given to the build'),
    filename: text('base name of the Dockerfile'),
    target: text('target stage'),
    capsRequest: flag('true only while the policy is asked for its capabilities'),
    depth: z.int().min(0).describe('0 for a source of the build, one more for each level of provenance materials'),
  })
  .describe('the build that wants the source')

export const localSchema = z.strictObject({ name: text('name of the local directory: context, dockerfile') })

export const httpSchema = z.strictObject({
  url: text('the identifier as it was written'),
  schema: text('http or https'),
  host: text('host in lower case, with its port where that is not the usual one'),
  path: text('decoded path'),
  query: z.record(z.string(), z.array(z.string())).optional().describe('parsed query'),
  hasAuth: flag('a secret authorization header goes with the request'),
  checksum: text('digest of the content: sha256:...'),
})

const actorSchema = z.strictObject({
  name: text('name'),
  email: text('mail address'),
  when: text('RFC 3339, with the offset of the author'),
})
const pgpSignatureSchema = z.strictObject({
  version: z.int().optional().describe('version of the signature packet'),
  keyID: text('issuer key id, 16 lower-case hexadecimal digits'),
})
const sshSignatureSchema = z.strictObject({
  version: z.int().optional().describe('version of the signature'),
  pubKey: text('fingerprint of the public key: SHA256:...'),
})
export const signerSchema = z.strictObject({
  certificateIssuer: z.string().describe('distinguished name of the issuer of the certificate'),
  subjectAlternativeName: z.string().describe('identity in the certificate'),
  issuer: text('OIDC issuer'),
  buildSignerURI: text('what asked for the certificate'),
  buildSignerDigest: text('its version'),
  runnerEnvironment: text('github-hosted or self-hosted'),
  sourceRepositoryURI: text('repository'),
  sourceRepositoryDigest: text('commit'),
  sourceRepositoryRef: text('ref'),
  sourceRepositoryIdentifier: text('id of the repository'),
  sourceRepositoryOwnerURI: text('owner'),
  sourceRepositoryOwnerIdentifier: text('id of the owner'),
  buildConfigURI: text('top-level workflow'),
  buildConfigDigest: text('its version'),
  buildTrigger: text('event that started the build'),
  runInvocationURI: text('run'),
  sourceRepositoryVisibilityAtSigning: text('visibility of the repository when it was signed'),
})

/** Not known to docker buildx. */
const gitSignatureSchema = z
  .strictObject({
    kind: z.enum(['openpgp', 'ssh', 'x509']).describe('openpgp, ssh, or x509: by gitsign'),
    key: text(
      'key id, fingerprint of the SSH key (SHA256:...), or SHA-256 of the certificate, as the signature names it: only signer is proved',
    ),
    signer: signerSchema.optional().describe('whose certificate it is; there only where it was verified'),
  })
  .describe('what the signature says of itself, and who is proved to have made it')
const signedBy = {
  pgpSignature: pgpSignatureSchema.optional(),
  sshSignature: sshSignatureSchema.optional(),
  signature: gitSignatureSchema.optional(),
}

export const commitSchema = z.strictObject({
  tree: text('hash of the tree'),
  parents: texts('hashes of the parents'),
  author: actorSchema.optional(),
  committer: actorSchema.optional(),
  message: text('message'),
  ...signedBy,
})
export const tagSchema = z.strictObject({
  object: text('hash of the tagged object'),
  type: text('type of the tagged object'),
  tag: text('name of the tag'),
  tagger: actorSchema.optional(),
  message: text('message'),
  ...signedBy,
})

export const gitSchema = z.strictObject({
  schema: text('transport: https, http, ssh, git'),
  host: text('host, with its port where it has one'),
  remote: text('URL without query and fragment'),
  fullURL: text('URL in full, where the build gave one'),
  subDir: text('directory of the repository'),
  ref: text('full ref, or the commit'),
  tagName: text('name of the tag'),
  branch: text('name of the branch'),
  isCommitRef: flag('the source names a commit'),
  checksum: text('hash of what the ref points to: a commit or an annotated tag'),
  commitChecksum: text('hash of the commit'),
  isAnnotatedTag: flag('the ref points to a tag object'),
  isSHA256: flag('the repository hashes by SHA-256'),
  commit: commitSchema.optional(),
  tag: tagSchema.optional(),
})

export const signatureSchema = z.strictObject({
  kind: text('docker-hardened-image, docker-github-builder, self-signed-github-repo, self-signed or untrusted'),
  type: text('bundle-v0.3 or simplesigning-v1'),
  timestamps: z
    .array(z.strictObject({ type: text('Tlog or TimestampAuthority'), uri: text('who'), timestamp: text('RFC 3339') }))
    .optional(),
  dockerReference: text('reference that a simple signing payload names'),
  isDHI: flag('signed as a Docker Hardened Image'),
  signer: signerSchema.optional(),
})

export const attestationSchema = z.strictObject({
  predicateType: text('type of the predicate'),
  digest: text('digest of the statement, or of the bundle or envelope around it'),
  place: text('what it stands at: attestation, manifest or index'),
  signer: signerSchema.optional().describe('who signed it, where an accepted signature covers it'),
  predicate: z.unknown().optional().describe('the predicate itself, fetched where a policy reads it'),
})
export const sbomSchema = z.strictObject({
  format: text('spdx or cyclonedx'),
  packages: z
    .array(
      z.strictObject({
        name: text('name'),
        version: text('version'),
        purl: text('package URL'),
        licenses: texts('SPDX identifiers and expressions'),
      }),
    )
    .optional()
    .describe('what the image holds, according to whoever built it'),
})
export const signatureErrorSchema = z.strictObject({
  place: text('what was signed: attestation'),
  digest: text('digest of what was refused: a manifest or a layer of it'),
  code: text('why, in a word that does not change'),
  message: text('why, for people'),
})

const provenanceFields = {
  predicateType: text('type of the predicate'),
  buildType: text('type of the build'),
  builderID: text('who built it'),
  configSource: z
    .strictObject({
      uri: text('where the build definition came from'),
      digest: map('its digests'),
      path: text('its path'),
    })
    .optional(),
  frontend: text('frontend of the build'),
  rawArgs: map('arguments of the frontend'),
  buildArgs: map('build arguments'),
  invocationID: text('id of the build'),
  startedOn: text('RFC 3339, UTC'),
  finishedOn: text('RFC 3339, UTC'),
  reproducible: flag('claimed to be reproducible'),
  hermetic: flag('claimed to be hermetic'),
  completeness: z
    .strictObject({
      parameters: flag('parameters are complete'),
      environment: flag('environment is complete'),
      materials: flag('materials are complete'),
    })
    .optional(),
}
export const provenanceSchema = z.strictObject({
  ...provenanceFields,
  verified: flag('an accepted signature covers it (extension)'),
  get materials() {
    return z.array(inputSchema).optional().describe('sources of the build that made the image, each an input')
  },
})

export const imageSchema = z.strictObject({
  ref: text('normalised reference: docker.io/library/alpine:3.22'),
  host: text('registry: docker.io'),
  repo: text('familiar name: alpine, ghcr.io/org/app'),
  fullRepo: text('repository with its registry: docker.io/library/alpine'),
  tag: text('tag'),
  isCanonical: flag('the reference has a digest'),
  checksum: text('digest of what the reference points to'),
  platform: text('platform asked for: linux/arm64'),
  os: text('its operating system'),
  arch: text('its architecture'),
  variant: text('its variant'),
  createdTime: text('when the image says that it was made, RFC 3339'),
  labels: map('labels of the image'),
  env: texts('environment of the image: KEY=value'),
  user: text('user of the image'),
  volumes: texts('volumes of the image'),
  workingDir: text('working directory of the image'),
  hasProvenance: flag('an attestation manifest belongs to the image'),
  provenance: provenanceSchema.optional(),
  signatures: z.array(signatureSchema).optional().describe('verified signatures'),
  signatureErrors: z.array(signatureErrorSchema).optional().describe('why signatures were not accepted (extension)'),
  sbom: sbomSchema.optional().describe('packages of the image (extension)'),
  attestations: z.array(attestationSchema).optional().describe('statements about the image (extension)'),
})

export const inputSchema = z
  .strictObject({
    env: envSchema.optional(),
    local: localSchema.optional(),
    http: httpSchema.optional(),
    git: gitSchema.optional(),
    get image() {
      return imageSchema.optional()
    },
  })
  .describe('what a policy sees of one source: exactly one of local, http, git and image')

/** What a policy answers: the document that `data.docker.decision` names. */
export const policyDecisionSchema = z
  .looseObject({
    allow: z.boolean().optional().describe('whether the source may be used; a missing allow denies'),
    deny_msg: z.array(z.string()).optional().describe('why not, shown under a denial'),
    warn_msg: z.array(z.string()).optional().describe('what to look at, shown whatever is decided (extension)'),
    caps: z
      .strictObject({ 'exec.proxy': z.boolean().optional() })
      .optional()
      .describe('capabilities that the build needs'),
  })
  .describe('what a policy answers for one source')
