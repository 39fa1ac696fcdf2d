import type { Answer, HostFunction, HostFunctionContext } from '@source-policy/core'
import { readPolicyFile, toCodedError } from '@source-policy/core'
import { decodeArmor, verifyOpenPGP, verifySSH } from '@source-policy/signature'
import type { GitObject } from './git-hash.ts'
import type { PeeledCommit } from './git-remote.ts'
import { MAX_KEY_FILE_BYTES } from './limits.ts'
import { actorTime, parseObject, SIGNED_MESSAGE } from './object.ts'
import { verifyX509, type X509Signer } from './x509-signature.ts'

/** Fetches the objects of the source that a call is about. */
export type ObjectFetcher = (context: HostFunctionContext) => Promise<PeeledCommit>

/** SSH signatures are made for a purpose; git's is called so. */
const NAMESPACE = 'git'

/**
 * `verify_git_signature(object, keyfile)`: true where one of the keys signed `input.git.commit` or `input.git.tag`,
 * undefined with the reason where none did, unavailable where the object could not be fetched.
 */
export function verifyGitSignature(fetchObjects: ObjectFetcher): HostFunction {
  return answering('verify_git_signature', fetchObjects, () => true)
}

/** `git_signer(object, keyfile)`: who signed, as the key file says; otherwise as `verify_git_signature`. */
export function gitSigner(fetchObjects: ObjectFetcher): HostFunction {
  return answering('git_signer', fetchObjects, ({ kind, key, primaryKey, issuer, names, signedAt }) => ({
    kind,
    key,
    ...(issuer === undefined ? {} : { issuer }),
    ...(primaryKey === undefined ? {} : { primaryKey }),
    names: [...names],
    ...(signedAt === undefined ? {} : { signedAt: signedAt.toISOString().replace(/\.\d+Z$/, 'Z') }),
  }))
}

function answering(
  name: string,
  fetchObjects: ObjectFetcher,
  valueOfSigner: (signer: X509Signer) => unknown,
): HostFunction {
  const no = (reason: string): Answer => ({ undefined: `${name}: ${reason}` })
  return async ([, keyFile], context) => {
    const [root, field, ...rest] = context.path
    if (root !== 'git' || (field !== 'commit' && field !== 'tag') || rest.length > 0)
      return no('object is neither commit nor tag')
    const keys = await readPolicyFile(context.files, keyFile, MAX_KEY_FILE_BYTES)
    if ('problem' in keys) return no(keys.problem)

    let object: GitObject | undefined
    try {
      const { commit, tags } = await fetchObjects(context)
      object = field === 'commit' ? commit : tags[0]
    } catch (error) {
      context.signal.throwIfAborted()
      return { unavailable: toCodedError(error) }
    }
    if (object === undefined) return no('the source has no tag object')
    try {
      return {
        value: valueOfSigner(await verifyObject(object, keys.bytes, new Date(Number(context.run.time / 1_000_000n)))),
      }
    } catch (error) {
      return no(`${String(keyFile)}: ${toCodedError(error).message}`)
    }
  }
}

/** Proves that a key of the file signed a commit or tag. Throws what does not hold. */
async function verifyObject(object: GitObject, keys: Uint8Array, now: Date): Promise<X509Signer> {
  const parsed = parseObject(object)
  const { signature, signedData: data } = parsed
  if (signature === '') throw new Error('git object is not signed')
  const { type } = decodeArmor(signature)
  if (type === 'PGP SIGNATURE') return verifyOpenPGP({ data, signature, keys, now })
  if (type === 'SSH SIGNATURE') {
    // SSH signatures hold no time: git takes the one of the object, too
    const signedAt = actorTime(parsed) ?? now
    return verifySSH({ data, signature, keys, namespace: NAMESPACE, signedAt })
  }
  if (type === SIGNED_MESSAGE) return verifyX509(parsed, keys, now)
  throw new Error(`signatures of type ${type} are not supported`)
}
