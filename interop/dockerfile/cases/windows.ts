import type { CaseOptions } from '../case.ts'
import { lines, topic } from './define.ts'

const windows: CaseOptions = { platforms: ['windows/amd64'] }
const win = (...text: readonly string[]): string => lines('# escape=`', 'FROM a', ...text)

export const windowsImages = topic('windows', [
  ['path', win('COPY x C:\\y', 'ADD https://e.com/a C:\\'), windows],
  ['path on another drive', win('COPY x D:\\y'), windows],
  ['path of a drive alone', win('COPY x C:'), windows],
  ['UNC path', win('COPY x \\\\server\\share\\'), windows],
  ['source on a drive', win('COPY C:\\x /'), windows],
  ['source on another drive', win('COPY D:\\x /'), windows],
  ['source from a stage', lines('# escape=`', 'FROM b AS s', 'FROM a', 'COPY --from=s C:\\x C:\\y'), windows],
  ['destination of a download', win('ADD https://e.com/a D:\\'), windows],
  ['directory', win('WORKDIR C:\\w', 'COPY x y'), windows],
  [
    'directory of the stage below',
    lines('# escape=`', 'FROM a AS s', 'WORKDIR C:\\w', 'FROM s', 'COPY x y', 'RUN --mount=target=. x'),
    windows,
  ],
  ['directory on another drive', win('WORKDIR D:\\w'), windows],
  ['directory of a drive alone', win('WORKDIR C:'), windows],
  [
    'directory of the image',
    win('COPY x y'),
    { ...windows, configs: { 'docker.io/library/a:latest': { workingDir: 'C:\\app' } } },
  ],
  [
    'directory of the image on another drive',
    win('COPY x y'),
    { ...windows, configs: { 'docker.io/library/a:latest': { workingDir: 'D:\\app' } } },
  ],
  ['PATH', win('ADD https://e.com/$PATH /'), windows],
  ['mount', win('RUN --mount=type=bind,target=C:\\m x'), windows],
  ['mount at the root', win('RUN --mount=type=cache,target=\\ x'), windows],
  ['mount at a slash', win('RUN --mount=type=cache,target=/ x'), windows],
  ['secret without target', win('RUN --mount=type=secret,id=x y'), windows],
  ['secret with target', win('RUN --mount=type=secret,id=x,target=C:\\s y'), windows],
  ['secret as a variable', win('RUN --mount=type=secret,id=x,env=E y'), windows],
  ['secret with a relative target', win('RUN --mount=type=secret,id=x,target=C:s y'), windows],
  ['heredoc on another drive', win('COPY <<D:x C:\\', 'y', 'D:x'), windows],
  ['parents', win('COPY --parents a\\b C:\\'), windows],
  [
    'version in the platform',
    win('ARG TARGETPLATFORM', 'ADD https://e.com/$TARGETPLATFORM /'),
    { platforms: ['windows(10.0.20348)/amd64'] },
  ],
  ['linux image in a windows build', lines('FROM --platform=linux/amd64 a', 'COPY x D:\\\\y'), windows],
  ['windows image in a linux build', lines('# escape=`', 'FROM --platform=windows/amd64 a', 'COPY x D:\\y')],
  ['scratch', lines('# escape=`', 'FROM scratch', 'COPY x D:\\y'), windows],
])
