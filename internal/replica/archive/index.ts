export { listingOf } from './names.js';
export { archivePlace, type ArchivePlace, clusterDirectory } from './place.js';
export { endOf, type RestorePoint } from './plan.js';
export { restoreArchive, verifyArchive } from './restore.js';
export type { ArchiveOptions, ArchiveTarget } from './target.js';
export type { ArchiveStatus } from './archiver.js';
