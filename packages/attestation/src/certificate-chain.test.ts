import {
  CERTIFICATE_PURPOSES,
  type Certified,
  certificateExtension,
  issueCertificate,
  signCertificate,
} from '@source-policy/testkit'
import { describe, expect, it } from 'vitest'
import { type Certificate, parseCertificate } from './certificate.ts'
import { certificatePath } from './certificate-chain.ts'

const { codeSigning, timeStamping } = CERTIFICATE_PURPOSES
const { authority, of, purpose, usage } = certificateExtension

interface Shape {
  readonly name: string
  readonly by?: Certified
  readonly extensions?: readonly Buffer[]
}
const shaped = ({ name, extensions = [authority(), usage('issue')] }: Shape) => ({
  name: [['CN', name]] as const,
  notBefore: new Date('2020-01-01T00:00:00Z'),
  notAfter: new Date('2040-01-01T00:00:00Z'),
  extensions,
})
const make = (shape: Shape): Certified => issueCertificate(shaped(shape), shape.by)
/** Another certificate for the key of one. */
const again = ({ publicKey, privateKey }: Certified, shape: Shape & { readonly by: Certified }): Certified => ({
  publicKey,
  privateKey,
  ...signCertificate({ ...shaped(shape), publicKey }, shape.by),
})
const read = ({ certificate }: Certified): Certificate => parseCertificate(certificate)
const path = (leaf: Certified, between: readonly Certified[], anchors: readonly Certified[]) =>
  certificatePath(read(leaf), between.map(read), { certificates: anchors.map(read) }, codeSigning)?.length

const signing = [usage('sign'), purpose(codeSigning)]
const root = make({ name: 'root' })
const middle = make({ name: 'middle', by: root })
const leaf = make({ name: 'leaf', by: middle, extensions: signing })

describe('a path of certificates', () => {
  it('leads over those of the authority, and over those that came along', () => {
    expect(path(leaf, [], [middle, root])).toBe(3)
    expect(path(leaf, [middle], [root])).toBe(3)
    expect(path(leaf, [], [middle])).toBe(2)
    expect(path(make({ name: 'leaf', by: root, extensions: signing }), [], [root])).toBe(2)
  })

  it('ends at the anchor, not at whatever came along', () => {
    const stranger = make({ name: 'root' })
    const strange = make({ name: 'leaf', by: stranger, extensions: signing })
    expect(path(strange, [stranger], [root])).toBeUndefined()
    expect(path(strange, [], [root])).toBeUndefined()
    expect(path(leaf, [], [root])).toBeUndefined()
    expect(path(leaf, [], [])).toBeUndefined()
  })

  it.each([
    ['the certificate is an authority', { extensions: [authority(), ...signing] }],
    ['it may not sign', { extensions: [usage('issue'), purpose(codeSigning)] }],
    ['it is for nothing', { extensions: [usage('sign')] }],
    ['it is for timestamps', { extensions: [usage('sign'), purpose(timeStamping)] }],
    ['it wants something understood that is not', { extensions: [...signing, of('1.2.3.4', Buffer.of(5, 0), true)] }],
  ])('is none where %s', (_, shape) => {
    expect(path(make({ name: 'leaf', by: middle, ...shape }), [], [middle, root])).toBeUndefined()
  })

  it.each([
    ['is no authority', [usage('issue')]],
    ['may not issue', [authority(), usage('sign')]],
    ['is for timestamps', [authority(), usage('issue'), purpose(timeStamping)]],
    ['wants names constrained', [authority(), usage('issue'), of('2.5.29.30', Buffer.of(0x30, 0), true)]],
  ])('is none where one between %s', (_, extensions) => {
    const bad = make({ name: 'bad', by: root, extensions })
    expect(path(make({ name: 'leaf', by: bad, extensions: signing }), [bad], [root])).toBeUndefined()
  })

  it('is no longer than its certificates allow', () => {
    const narrow = make({ name: 'narrow', by: root, extensions: [authority(0), usage('issue')] })
    const below = make({ name: 'below', by: narrow })
    expect(path(make({ name: 'leaf', by: narrow, extensions: signing }), [narrow], [root])).toBe(3)
    expect(path(make({ name: 'leaf', by: below, extensions: signing }), [below, narrow], [root])).toBeUndefined()
  })

  it('needs the name of the issuer, not only its key', () => {
    const one = make({ name: 'one', by: root })
    const other = again(one, { name: 'other', by: root })
    expect(path(make({ name: 'leaf', by: one, extensions: signing }), [other], [root])).toBeUndefined()
  })

  it('is found soon among certificates that all signed each other', () => {
    // each has the same name and key, so that each could have issued each
    const first = make({ name: 'loop' })
    const loop = Array.from({ length: 8 }, () => again(first, { name: 'loop', by: first }))
    const renamed = Array.from({ length: 8 }, () => again(first, { name: 'other', by: first }))
    const started = performance.now()
    expect(path(make({ name: 'leaf', by: first, extensions: signing }), [...loop, ...renamed], [root])).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
