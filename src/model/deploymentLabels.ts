/** The label by which a container tells of which app it is; every deployment puts it on what it starts. */
export const APP_LABEL = 'dev.quaywatch.app';
