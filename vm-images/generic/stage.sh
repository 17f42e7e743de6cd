# $1: the image's id, $2: its sha256, $3: its bytes, $4: the owner. As root. Says "have" where the image is there and whole, else how
# many bytes of it are there already.
set -eu
umask 077
base=/var/lib/wherry
mkdir -p "$base/images" "$base/data" "$base/config" "$base/root"
chmod 755 "$base" "$base/root"
printf '%s\n' "$4" > "$base/owner"
chmod 644 "$base/owner"
image=$base/images/$1.erofs
if [ -f "$image" ] && [ "$(stat -c %s "$image")" = "$3" ]; then
  echo have
  exit 0
fi
# What is left of another image's upload, or is longer than it should be, is of no use.
for part in "$base"/images/*.part; do
  [ "$part" = "$image.part" ] || rm -f "$part"
done
: >> "$image.part"
size=$(stat -c %s "$image.part")
if [ "$size" -gt "$3" ]; then
  : > "$image.part"
  size=0
fi
echo "$size"
