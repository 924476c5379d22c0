/**
 * Texts about the user whose list the page shows. That user reads "you", the operator reads the user's id. Pure functions.
 */

/** @param {string | null} userId @param {boolean} isOperator */
export function wordsAbout(userId, isOperator) {
  return isOperator ? wordsForTheOperator(userId) : wordsForTheUser
}

const wordsForTheUser = {
  because: 'because you rated',
  noReason: 'none of your ratings adds to its score',
  newUser: 'you have not rated a film yet',
  emptyHistory: 'Nothing yet. Rate a film, and it appears here.',
  nothingLeft: 'Nothing is left to recommend to you.',
  sources: {
    model: 'Scored by the live model for your history',
    cache: 'Scored earlier by the live model, and still valid: neither the model nor the history has changed',
    fallback: 'Popular films: the model knows none of your ratings yet',
  },
}

/** @param {string | null} userId @returns {typeof wordsForTheUser} */
const wordsForTheOperator = (userId) => ({
  because: `because user ${userId} rated`,
  noReason: `no rating of user ${userId} adds to its score`,
  newUser: 'this id has no ratings yet',
  emptyHistory: 'Nothing yet. What this user rates appears here.',
  nothingLeft: 'Nothing is left to recommend to this user.',
  sources: {
    ...wordsForTheUser.sources,
    model: 'Scored by the live model for this user’s history',
    fallback: 'Popular films: the model knows no ratings of this user yet',
  },
})
