/**
 * How long a user has for the login, and again for the consent, in seconds. Anyone can start a
 * login, so what it stores is short-lived.
 */
export const INTERACTION_TTL_S = 600;

/**
 * How long a user has to enter the code of a device, in seconds.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.2
 */
export const DEVICE_CODE_TTL_S = 600;
