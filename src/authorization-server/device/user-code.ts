/** Form of a user code, for example `WDJB-MJHT`: eight letters out of 20, about 34 bits. */
export const USER_CODE_MASK = '****-****';
