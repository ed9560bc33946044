/** What a bundle has for node:assert: the one thing we use of it. */
export function strict(
  condition: unknown,
  message = 'an assertion does not hold',
): asserts condition {
  if (condition !== true && !Boolean(condition)) throw new Error(message)
}
