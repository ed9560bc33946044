/**
 * What journald knows kinds of messages by: `journalctl MESSAGE_ID=…`. They are a promise to
 * whoever searches for them, and never change; what has none is of no kind to search for.
 */
export const messageIds: Readonly<Record<string, string>> = {
  'tree.started': '42d70ded4b0e48b5842d120198016a62',
  'knot.exited': '55f4b64fd3c24689ad997b48fbf80290',
  'knot.refused': '42ae9036cc0e478c9cbaed4caa012043',
  'app.started': '9bb34598d1d541ae9493547d58104110',
  'config.refused': '7850a2eec36d4cb2a218d9fbce8f3dc2',
  'config.loaded': '21587a073f1645beac5349de54c6472a',
  'exec.refused': '8dff5e9519fe4e43b12c8aa42e7c953d',
  'journal.stalled': '06d6ff4ab8cc40c4b4bb93a6de11ce38',
  signal: 'f90442693e204f81b6b077fef533c779',
}
