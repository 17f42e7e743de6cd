# $1: the image's id, $2: the uid that logs in. As root; stdin is a tar of service, wherry-engine.service and config.tar, what a
# VM's config disk holds.
set -eu
umask 077
base=/var/lib/wherry
unit=/etc/systemd/system/wherry-engine.service
new=$base/new
rm -rf "$new"
mkdir "$new"
tar -x -f - -C "$new" --no-same-owner
mkdir "$new/config"
tar -x -f "$new/config.tar" -C "$new/config" --no-same-owner
# A VM's own SSH server has these; the host has its own.
rm -f "$new/config/wherry-config" "$new/config/dropbear_ed25519_host_key" "$new/config/authorized_keys" "$new/config.tar"
chmod 755 "$new/service"
chmod 644 "$new/wherry-engine.service"
printf 'WHERRY_SOCKET_OWNER=%s\n' "$2" > "$new/service.env"
rm -rf "$base/config"
mv "$new/config" "$base/config"
mv "$new/service" "$base/service"
mv "$new/service.env" "$base/service.env"
mv "$new/wherry-engine.service" "$unit"
rm -rf "$new"
ln -sfn "images/$1.erofs" "$base/system.erofs"
for image in "$base"/images/*.erofs; do
  [ "$image" = "$base/images/$1.erofs" ] || rm -f "$image"
done
systemctl daemon-reload
systemctl enable --quiet wherry-engine.service
