/** An error that the engine answers with: an HTTP status and `{"message": …}`. */
export class EngineFault extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** 304: the container is already in the wanted state. Carries no body. */
export class NotModified extends EngineFault {
  constructor() {
    super(304, '');
  }
}
