import { EngineAnswerError } from '../engine-client/client.ts';

/** The container's exit status, from the answer of `POST /containers/{id}/wait`. @throws EngineAnswerError */
export async function exitStatus(waiting: AsyncIterable<unknown>): Promise<number> {
  let text = '';
  for await (const chunk of waiting) text += String(chunk);
  const answer = JSON.parse(text) as { StatusCode: number; Error?: { Message?: string } | null };
  if (answer.Error?.Message) throw new EngineAnswerError(500, answer.Error.Message);
  return answer.StatusCode;
}
