import type { CaseOptions } from '../case.ts'
import { lines, topic } from './define.ts'

const image = (...onbuild: readonly string[]): CaseOptions => ({
  configs: { 'docker.io/library/a:latest': { onbuild, env: ['V=1'] } },
})

export const triggers = topic('triggers', [
  ['ADD', lines('FROM a', 'ADD https://e.com/after /'), image('ADD https://e.com/ob-$V /')],
  ['ARG before the stage', lines('FROM a', 'ADD https://e.com/$X /'), image('ARG X=ob')],
  ['COPY from an image', lines('FROM a'), image('COPY --from=img / /')],
  ['COPY from a stage', lines('FROM b AS s', 'ADD https://e.com/s /', 'FROM a'), image('COPY --from=s / /')],
  ['COPY from an index', lines('FROM b', 'FROM a'), image('COPY --from=0 / /')],
  ['COPY from an index that is not there', lines('FROM a'), image('COPY --from=4 / /')],
  ['mount', lines('FROM a'), image('RUN --mount=from=img,target=/m x')],
  [
    'of an image that is copied from',
    lines('FROM b', 'COPY --from=a / /'),
    image('COPY --from=img / /', 'ADD https://e.com/no /'),
  ],
  ['of an image that is mounted', lines('FROM b', 'RUN --mount=from=a,target=/m x'), image('COPY --from=img / /')],
  ['of a base that is not needed', lines('FROM a', 'FROM b'), image('ADD https://e.com/no /')],
  ['not in stages on top', lines('FROM a AS one', 'FROM one', 'ARG A=x'), image('ADD https://e.com/$A /')],
  [
    'of a chain of images',
    lines('FROM b', 'COPY --from=a / /'),
    {
      configs: {
        'docker.io/library/a:latest': { onbuild: ['COPY --from=c / /'] },
        'docker.io/library/c:latest': { onbuild: ['COPY --from=d / /'] },
      },
    },
  ],
  ['that copy from their own image for ever', lines('FROM a'), image('COPY --from=a / /')],
  ['FROM', lines('FROM a'), image('FROM x')],
  ['unknown', lines('FROM a'), image('WHAT')],
  ['two on a line', lines('FROM a'), image('RUN x\nRUN y')],
  ['empty', lines('FROM a'), image('')],
  ['a heredoc', lines('FROM a'), image('COPY <<EOF /\nhello\nEOF')],
  ['own triggers do nothing', lines('FROM b', 'ONBUILD ADD https://e.com/no /')],
  [
    'own triggers of the stage below',
    lines('FROM b AS one', 'ONBUILD ADD https://e.com/$A /', 'ARG A=1', 'FROM one', 'ARG A=2'),
  ],
  ['own triggers with sources', lines('FROM b AS one', 'ONBUILD COPY --from=img / /', 'FROM one')],
  ['own triggers two stages below', lines('FROM b AS one', 'ONBUILD COPY --from=img / /', 'FROM c AS two', 'FROM two')],
  [
    'own triggers with another escape character',
    lines('# escape=`', 'FROM b AS one', 'ONBUILD ADD https://e.com/a `', '  /', 'FROM one'),
  ],
  ['trigger of a trigger', lines('FROM b', 'ONBUILD ONBUILD RUN x')],
  ['trigger FROM', lines('FROM b', 'ONBUILD FROM x')],
  ['unknown trigger is not looked at', lines('FROM b', 'ONBUILD WHAT x')],
  ['unknown trigger of the stage below', lines('FROM b AS one', 'ONBUILD WHAT x', 'FROM one')],
  ['trigger without instruction', lines('FROM b', 'ONBUILD')],
])

export const others = topic('other instructions', [
  ['EXPOSE', lines('FROM a', 'EXPOSE 80 443/tcp 1-3/UDP $NOPE')],
  ['EXPOSE that is none', lines('FROM a', 'EXPOSE x')],
  ['EXPOSE out of range', lines('FROM a', 'EXPOSE 65536')],
  ['EXPOSE not needed', lines('FROM a', 'EXPOSE x', 'FROM b')],
  ['STOPSIGNAL', lines('FROM a', 'STOPSIGNAL sigrtmin+1')],
  ['STOPSIGNAL that is none', lines('FROM a', 'STOPSIGNAL SIGWHAT')],
  ['SHELL in words', lines('FROM a', 'SHELL sh -c')],
  ['HEALTHCHECK', lines('FROM a', 'HEALTHCHECK --interval=1m --retries=3 CMD ["x"]')],
  ['HEALTHCHECK too often', lines('FROM a', 'HEALTHCHECK --interval=1us CMD x')],
  ['LABEL', lines('FROM a', 'LABEL a="b c" d', 'LABEL x')],
  ['ENV without value', lines('FROM a', 'ENV x')],
  ['USER', lines('FROM a', 'USER', 'USER x')],
  ['VOLUME empty', lines('FROM a', 'VOLUME [""]')],
  ['VOLUME blank by variable', lines('FROM a', 'VOLUME $NOPE')],
  ['CMD with numbers', lines('FROM a', 'CMD [1]')],
  ['WORKDIR of two words', lines('FROM a', 'WORKDIR a b', 'ADD https://e.com/a /')],
  ['RUN with an unknown flag', lines('FROM a', 'RUN --what x')],
  ['RUN with a bad network', lines('FROM a', 'RUN --network=what x')],
  ['windows drive', lines('FROM --platform=windows/amd64 a', 'COPY x D:\\\\y')],
])
