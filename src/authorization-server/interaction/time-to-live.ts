/**
 * How long a user has for the login, and again for the consent, in seconds. Anyone can start a
 * login, so what it stores is short-lived.
 */
export const INTERACTION_TTL_S = 600;
