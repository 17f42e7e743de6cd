# $1: the image's id, $2: its sha256. As root. Makes an upload that is whole the image; one that isn't right is removed.
set -eu
image=/var/lib/wherry/images/$1.erofs
if [ "$(sha256sum "$image.part" | cut -d ' ' -f 1)" != "$2" ]; then
  rm -f "$image.part"
  echo 'the upload arrived with other bytes' >&2
  exit 1
fi
sync "$image.part"
mv "$image.part" "$image"
