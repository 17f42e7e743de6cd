# $1: the image's id. As root. Adds to what is there of it; stdin is gzip, and may end anywhere.
exec gzip -d -c >> "/var/lib/wherry/images/$1.erofs.part"
