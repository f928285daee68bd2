/** What is wrong with the URL of a server of simplestreams; nothing when it can be asked. */
export function streamServerProblems(server: string): string[] {
  const url = URL.canParse(server) ? new URL(server) : null;
  if (url === null) return [`${JSON.stringify(server)} is no URL of a server`];
  if (url.protocol !== 'https:') return ['Only https URLs are supported for simplestreams'];
  if (url.username !== '' || url.password !== '') return ['The URL of a server of simplestreams has no user and password'];
  return url.search !== '' || url.hash !== '' ? ['The URL of a server of simplestreams has neither query nor fragment'] : [];
}

/** One spelling of a server's URL, so that it is known again: it ends in a slash. */
export function streamServer(server: string): URL {
  const url = new URL(server);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
