import type { Random } from './random.ts'
import { images, oddImages, stageNames } from './words.ts'

export function copySource(r: Random, stage: number): string {
  const earlier = stage === 0 ? [] : [`s${r.int(stage)}`, `S${r.int(stage)}`, String(r.int(stage)), `0${r.int(stage)}`]
  return r.mostly(
    [...earlier, ...earlier, ...images],
    [`s${stage}`, 's3', '9', '-1', "'s0'", '$A', ...stageNames, ...oddImages],
  )
}

export function mount(r: Random, stage: number): string {
  const type = r.mostly(
    ['type=bind', 'type=cache', 'type=secret,id=x', 'type=ssh', 'type=tmpfs', 'TYPE=Bind', ''],
    ['type=$A', 'type=nope'],
  )
  const fields = [type]
  const mayComeFrom = !/secret|ssh|tmpfs/.test(type)
  if (mayComeFrom && r.chance(0.5)) fields.push(`from=${copySource(r, stage)}`)
  if (mayComeFrom || r.chance(0.5)) {
    const targets = ['target=/m', 'dst=/m', 'target=m', 'destination=/m/$A', 'target=/a/../b']
    fields.push(r.mostly(targets, ['target=/', 'target=.', 'target=$A', 'zzz']))
  }
  if (mayComeFrom && r.chance(0.4)) {
    fields.push(
      r.mostly(
        ['source=/s', 'src=$B', 'ro', 'rw=true', 'id=i'],
        ['uid=1', 'mode=0755', 'readonly=x', 'size=1m', 'zzz=1'],
      ),
    )
  }
  if (type === 'type=cache' && r.chance(0.4))
    fields.push(r.mostly(['sharing=locked', 'mode=0755', 'uid=1'], ['sharing=x', 'mode=9']))
  if (type === 'type=tmpfs' && r.chance(0.4)) fields.push(r.mostly(['size=1m', 'size=1.5GiB'], ['size=x', 'mode=1']))
  if (/secret|ssh/.test(type) && r.chance(0.4))
    fields.push(r.mostly(['required', 'env=E', 'mode=0400'], ['sharing=locked', 'source=x']))
  const text = fields.filter(field => field !== '').join(',')
  return r.chance(0.1) ? `--mount='${text}'` : `--mount=${text}`
}
