/** What a token's id looks like. */
export const TOKEN_ID = /^[A-Za-z0-9_-]{1,64}$/;
