import { WherryCommand } from '../base-command.ts';
import { candidates, starting, type Named } from '../completion/candidates.ts';

/** What the scripts of `completion` ask: candidates for the last word, one a line. */
export default class Complete extends WherryCommand {
  static override description = 'Candidates for the last of the words';
  static override hidden = true;
  static override strict = false;
  /** They are those of the line that is being written. */
  static override takesAllWords = true;

  async run(): Promise<void> {
    const typed = this.argv.slice(this.argv[0] === '--' ? 1 : 0);
    const { words, named } = candidates(typed, this.config.commands);
    const current = (typed.at(-1) ?? '').replace(/^=/, '');
    this.print(...words, ...(named === undefined ? [] : starting(current, await this.namesOf(named))));
  }

  private async namesOf(named: Named): Promise<readonly string[]> {
    const { machines } = await this.host();
    if (named === 'machine') return machines.store.names();
    try {
      return await this.withEngine(undefined, async (engine) => {
        switch (named) {
          case 'container': {
            const all = await engine.json<{ Names: string[] }[]>('GET', '/containers/json', {
              query: { all: true },
            });
            return all.flatMap(({ Names }) => Names.map((name) => name.slice(1)));
          }
          case 'image': {
            const all = await engine.json<{ RepoTags: string[] | null }[]>('GET', '/images/json');
            return all.flatMap(({ RepoTags }) => RepoTags ?? []);
          }
          case 'volume': {
            const { Volumes } = await engine.json<{ Volumes: { Name: string }[] }>('GET', '/volumes');
            return Volumes.map(({ Name }) => Name);
          }
          case 'network':
            return (await engine.json<{ Name: string }[]>('GET', '/networks')).map(({ Name }) => Name);
        }
      });
    } catch (error) {
      // A machine that doesn't run has no names to tell; a line that is being written is no place to say so.
      this.debug(error);
      return [];
    }
  }
}
